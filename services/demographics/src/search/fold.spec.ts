import { fold } from './fold';

describe('accents are folded', () => {
  it.each([
    ['ATTSÖN', 'attson'],
    ['PÀULINÉ', 'pauline'],
    ['Łukasz Øster', 'lukasz oster'],
    ['Weiß', 'weiss'],
    ["O'Neill-Smith", 'oneill smith'],
    ['St. John  Ann-Marie', 'st john ann marie'],
    ['İpek', 'ipek'],
    ['李', ''],
  ])('%s as %s', (name, folded) => expect(fold(name)).toBe(folded));
});
