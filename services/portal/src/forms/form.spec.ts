import fc from 'fast-check';
import { checkForm, dateIn, dateValues, presentForm, readForm, type Field } from './form';

const born: Field = { name: 'born', label: 'Date of birth', kind: 'date', required: 'Enter a date of birth' };
const town: Field = { name: 'town', label: 'Town', kind: 'text', maxLength: 5 };
const colour: Field = { name: 'colour', label: 'Colour', kind: 'radios', options: [{ value: 'red', text: 'Red' }] };
const typed = (day: string, month: string, year: string) => ({ 'born-day': day, 'born-month': month, 'born-year': year });

describe('a posted form', () => {
  it('keeps what was typed, with single spaces', () =>
    expect(readForm([town], { town: '  New   York ', other: 'x' })).toEqual({ town: 'New York' }));

  it.each([
    undefined,
    null,
    'text',
    7,
    [],
    { town: ['a', 'b'] },
    { town: { a: 1 } },
    Buffer.from('x'),
    JSON.parse('{"__proto__":{"town":"x"}}'),
  ])('takes %p as left empty', (body) => expect(readForm([town], body)).toEqual({ town: '' }));
});

describe('NHS digital service manual: error messages of dates', () => {
  it.each([
    ['', '', '', 'Enter a date of birth'],
    ['4', '3', '', 'Date of birth must include a year'],
    ['', '', '1985', 'Date of birth must include a day and a month'],
    ['31', '2', '1985', 'Date of birth must be a real date, for example 15 3 1985'],
    ['x', '2', '1985', 'Date of birth must be a real date, for example 15 3 1985'],
    ['1', '2', '85', 'Date of birth must have a year with 4 numbers, for example 1985'],
  ])('%s/%s/%s: %s', (day, month, year, error) => expect(checkForm([born], typed(day, month, year))).toEqual({ born: error }));

  it('reads every real day back as it was', () =>
    fc.assert(
      fc.property(fc.date({ min: new Date('1850-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }), (instant) => {
        const date = instant.toISOString().slice(0, 10);
        expect(dateIn(dateValues('born', date), 'born')).toBe(date);
      }),
    ));
});

describe('the error summary', () => {
  it('links to the first input of the field at fault', () => {
    const { errors, fields } = presentForm([born, town], {}, { born: 'Enter a date of birth', form: 'Something else' });
    expect(errors).toEqual([{ text: 'Enter a date of birth', href: '#born-day' }, { text: 'Something else' }]);
    expect(fields[0]).toMatchObject({ error: 'Enter a date of birth' });
  });

  it('names a field that is too long, and refuses an answer that was not offered', () =>
    expect(checkForm([town, colour], { town: 'London', colour: 'blue' })).toEqual({
      town: 'Town must be 5 characters or fewer',
      colour: 'Select colour from the list',
    }));
});
