import { dateValues } from '../forms/form';
import { checkSearch, searchParameters } from './search-criteria';

const born = dateValues('birth', '1985-03-04');

describe('demographics specification: minimum criteria', () => {
  it('asks for a last name and a date of birth', () =>
    expect(checkSearch('basic', {})).toEqual({ family: 'Enter a last name', birth: 'Enter a date of birth' }));

  it('takes gender and postcode in place of one name, when names may sound alike', () => {
    const values = { ...born, given: 'Jane', gender: 'female', postcode: 'LS1 6AE', fuzzy: 'yes' };
    expect(checkSearch('advanced', values)).toEqual({});
    expect(checkSearch('advanced', { ...values, postcode: '' })).toHaveProperty('family');
    expect(checkSearch('advanced', { ...values, fuzzy: '' })).toEqual({ family: 'Enter a last name' });
  });
});

describe('demographics specification: parameters', () => {
  it.each([
    ['Smi*', '', undefined],
    ['Sm*', '', undefined],
    ['S*', '', 'Last name must have at least 2 characters before *'],
    ['Smi*', 'yes', 'Last name cannot have * in it when you search for names that sound alike'],
    ['x'.repeat(36), '', 'Last name must be 35 characters or fewer'],
  ])('checks the last name %s (sound-alike: %s)', (family, fuzzy, error) =>
    expect(checkSearch('advanced', { ...born, family, fuzzy, given: 'Jane' }).family).toBe(error),
  );

  it('refuses a range that ends before it begins, and a date in the future', () => {
    expect(checkSearch('advanced', { ...born, ...dateValues('birthTo', '1985-03-03'), family: 'Smith' })).toHaveProperty('birthTo');
    expect(checkSearch('advanced', { ...dateValues('birth', '2999-01-01'), family: 'Smith' })).toEqual({
      birth: 'The date of birth must be in the past',
    });
  });

  it('sends each criterion under its name', () => {
    const values = {
      family: 'Smi*',
      given: 'Jane',
      middle: 'Marie Ann',
      gender: 'female',
      ...born,
      postcode: 'ls1*',
      gp: 'y12345',
      email: 'jane@example.com',
      phone: '01632 960 587',
      ...dateValues('death', '2020-01-01'),
      ...dateValues('deathTo', '2021-01-01'),
      history: 'yes',
      exact: 'yes',
    };
    expect([...searchParameters(values)]).toEqual([
      ['family', 'Smi*'],
      ['given', 'Jane'],
      ['given', 'Marie'],
      ['given', 'Ann'],
      ['gender', 'female'],
      ['birthdate', 'eq1985-03-04'],
      ['death-date', 'ge2020-01-01'],
      ['death-date', 'le2021-01-01'],
      ['address-postalcode', 'LS1*'],
      ['general-practitioner', 'Y12345'],
      ['email', 'jane@example.com'],
      ['phone', '01632960587'],
      ['_history', 'true'],
      ['_exact-match', 'true'],
    ]);
  });
});
