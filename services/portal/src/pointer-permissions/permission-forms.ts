import type { AccessControl, PermissionPage, PointerPermission, Side } from '../apis/pointers-api';
import { checkForm, chosenOf, type Errors, type Field, type Values } from '../forms/form';

export const SIDES: Record<Side, string> = { consumer: 'See and open', producer: 'List own records' };

const CONTROLS: Record<AccessControl, string> = {
  allow_all_types: 'Every type, also those that are added later',
  allow_override_creation_datetime: 'Say when a pointer was made, for records that are moved from elsewhere',
  allow_supersede_with_delete_failure: 'Replace pointers that are not there any more',
};

/** Whose permission it is. */
const PLACE: readonly Field[] = [
  {
    name: 'side',
    label: 'What may they do?',
    kind: 'radios',
    required: 'Select what they may do',
    options: [
      { value: 'consumer', text: SIDES.consumer, hint: 'Find and open records that other organisations hold' },
      { value: 'producer', text: SIDES.producer, hint: 'Tell others which records your organisation holds' },
    ],
  },
  {
    name: 'application',
    label: 'Application',
    hint: 'Its client ID. Leave empty for your own staff, whichever application they use',
    kind: 'text',
    width: 30,
    maxLength: 128,
  },
];
const ORGANISATION: Field = { name: 'organisation', label: 'Organisation', hint: 'ODS code, like RZZ01', kind: 'text', width: 10, maxLength: 20, required: 'Enter an ODS code' };

const TYPES = (page: PermissionPage): Field => ({
  name: 'types',
  label: 'Types of record',
  kind: 'checkboxes',
  options: page.types.map(({ code, display }) => ({ value: code, text: display })),
});
const ACCESS_CONTROLS: Field = {
  name: 'controls',
  label: 'Also',
  kind: 'checkboxes',
  options: Object.entries(CONTROLS).map(([value, text]) => ({ value, text })),
};

/** The questions of a new permission; of one that there is, only what it holds. */
export const permissionFields = (page: PermissionPage, isNew: boolean): readonly Field[] => [
  ...(isNew ? [...(page.setsAll ? [ORGANISATION] : []), ...PLACE] : []),
  TYPES(page),
  ACCESS_CONTROLS,
];

export function checkPermission(page: PermissionPage, isNew: boolean, values: Values): Errors {
  const errors = checkForm(permissionFields(page, isNew), values);
  if (values.organisation && !/^[A-Za-z\d.]{1,20}$/.test(values.organisation)) errors.organisation ??= 'Enter an ODS code, like RZZ01';
  if (values.application && !/^[\w.~-]{1,128}$/.test(values.application)) errors.application ??= 'Enter a client ID as it was registered, without spaces';
  const granted = [...chosenOf(TYPES(page), values), ...chosenOf(ACCESS_CONTROLS, values).filter((one) => one === 'allow_all_types')];
  if (granted.length === 0) errors.types ??= 'Select at least one type of record, or every type';
  return errors;
}

type Place = Pick<PointerPermission, 'organisation' | 'application' | 'side'>;

export const placeIn = (values: Values, own: string): Place => ({
  organisation: values.organisation || own,
  application: values.application || '*',
  side: values.side as Side,
});

/** What a form grants. */
export function grantIn(page: PermissionPage, values: Values): Pick<PointerPermission, 'types' | 'access_controls'> {
  const codes = new Set(chosenOf(TYPES(page), values));
  return {
    types: page.types.filter(({ code }) => codes.has(code)).map(({ system, code }) => `${system}|${code}`),
    access_controls: chosenOf(ACCESS_CONTROLS, values) as AccessControl[],
  };
}

/** A permission as its form shows it. */
export const valuesOf = ({ types, access_controls }: PointerPermission): Values =>
  Object.fromEntries([...types.map((type) => [`types-${type.slice(type.lastIndexOf('|') + 1)}`, 'yes']), ...access_controls.map((one) => [`controls-${one}`, 'yes'])]);

/** In the words of the list. */
export function describePermission(page: PermissionPage, { organisation, application, side, types, access_controls }: PointerPermission) {
  const displays = new Map(page.types.map(({ system, code, display }) => [`${system}|${code}`, display]));
  return {
    organisation,
    holder: application === '*' ? 'Own staff' : application,
    side: SIDES[side],
    types: access_controls.includes('allow_all_types') ? ['Every type'] : types.map((type) => displays.get(type) ?? type),
    also: access_controls.filter((one) => one !== 'allow_all_types').map((one) => CONTROLS[one]),
  };
}
