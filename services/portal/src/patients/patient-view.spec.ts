import { dead, jane, janet } from '../fixtures/stand-in-apis';
import { describeHit } from '../find-a-patient/search-hit';
import { describePatient } from './patient-view';

const NOW = new Date('2026-11-24T12:00:00Z');
const rows = (view: ReturnType<typeof describePatient>, section: string) =>
  [...view.sections, ...view.history].find(({ id }) => id === section)?.rows.map(({ key, lines, note }) => [key, lines.join(', '), note]);

describe('a record in words', () => {
  const view = describePatient(jane(), NOW);

  it('has the facts of a patient banner', () =>
    expect(view.banner).toMatchObject({
      name: 'SMITH, Jane Marie (Mrs)',
      born: '4 March 1985',
      age: '41 years',
      gender: 'Female',
      nhsNumber: '9000000009',
    }));

  it('tells addresses in force from previous ones', () => {
    expect(rows(view, 'addresses')).toEqual([
      ['Home', '1 Trevelyan Square, Boar Lane, City Centre, Leeds, West Yorkshire, LS1 6AE', 'Since 18 June 2011'],
      ['Temporary', 'Student Accommodation, Flat 3, 20 Hyde Park Road, Leeds, LS6 1AH', '1 October 2026 to 29 December 2099'],
      ['Correspondence', '', undefined],
      ['Send letters to', 'Temporary address', undefined],
    ]);
    expect(rows(view, 'previous-addresses')).toEqual([
      ['Home address', '12 Mill Lane, Otley, LS21 1AA', '1 September 2003 to 17 June 2011'],
    ]);
  });

  it('keeps previous names and numbers in the history', () => {
    expect(rows(view, 'previous-names')).toEqual([['Maiden name', 'Miss Jane Marie Jones', '4 March 1985 to 17 June 2011']]);
    expect(rows(view, 'previous-contact')).toEqual([['Mobile phone', '07700900111', '1 January 2015 to 31 December 2019']]);
  });

  it('says how someone died, and why they are not registered', () => {
    const view = describePatient(dead(), NOW);
    expect(view.banner).toMatchObject({ died: '11 February 2024', ageAtDeath: '93 years', age: '' });
    expect(rows(view, 'personal')?.at(-1)).toEqual([
      'Death',
      'Died 11 February 2024',
      'Registered: formal notice from the Registrar of Deaths',
    ]);
    expect(view.sections.find(({ id }) => id === 'personal')?.rows.at(-1)).not.toHaveProperty('edit');
    expect(rows(view, 'registration')?.[1]).toEqual(['Removed from GP registration', 'Death', 'Since 11 February 2024']);
  });
});

describe('demographics specification: redaction of restricted records', () => {
  const location = ['Trevelyan', 'LS1', 'Mill Lane', 'Hyde Park', '01632', '07700', 'example.com', 'Y12345', 'FA123', 'Manchester'];

  it.each(['R', 'V', 'X'])('shows no location of a record labelled %s, even if the API sent it', (code) => {
    const patient = { ...janet(), meta: { versionId: '2', security: [{ code }] } };
    const shown = JSON.stringify([describePatient(patient, NOW), describeHit({ fullUrl: '', resource: patient })]);
    for (const place of location) expect(shown).not.toContain(place);
  });

  it('hides name and birth date as well when it is very restricted', () => {
    const patient = { ...janet(), meta: { versionId: '2', security: [{ code: 'V' }] } };
    const shown = JSON.stringify([describePatient(patient, NOW), describeHit({ fullUrl: '', resource: patient })]);
    expect(shown).not.toMatch(/smythe|1985/i);
  });
});
