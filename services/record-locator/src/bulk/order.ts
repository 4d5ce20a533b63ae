import { parseArgs } from 'node:util';
import { grantedBy, isOdsCode, permissionsOf, SIDES, type Permission, type Side } from '../permissions/permission';

/** What the command is asked to do. */
export type Order =
  | { kind: 'import'; file: string; organisation: string; application?: string; errors: string }
  | { kind: 'export'; file?: string; organisation: string; deceased: boolean }
  | { kind: 'demo'; file: string }
  | { kind: 'list'; organisation?: string }
  | { kind: 'grant'; permission: Permission }
  | { kind: 'revoke'; permission: Pick<Permission, 'application' | 'organisation' | 'side'> };

export const USAGE = `Usage: npm run pointers -- import FILE.ndjson --organisation ODS [--application ID] [--errors FILE]
       npm run pointers -- export [FILE.ndjson] --organisation ODS [--deceased]
       npm run pointers -- permissions list [--organisation ODS]
       npm run pointers -- permissions grant --application ID --organisation ODS --side producer|consumer
                                                [--types SYSTEM|CODE,…] [--controls NAME,…]
       npm run pointers -- permissions revoke --application ID --organisation ODS --side producer|consumer`;

/** @throws Error that says what is missing or wrong */
export function orderOf(args: string[]): Order {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      organisation: { type: 'string' },
      application: { type: 'string' },
      errors: { type: 'string' },
      deceased: { type: 'boolean', default: false },
      side: { type: 'string' },
      types: { type: 'string', default: '' },
      controls: { type: 'string', default: '' },
    },
  });
  const [what, which, ...rest] = positionals;
  if (rest.length > 0) throw new Error(`${rest.join(' ')} is too much.`);
  const { organisation, application, side } = values;
  const place = (): Pick<Permission, 'application' | 'organisation' | 'side'> => {
    permissionsOf({ application, organisation });
    if (!SIDES.includes(side ?? '')) throw new Error('--side must be producer or consumer.');
    return { application: application ?? '', organisation: organisation ?? '', side: side as Side };
  };
  if (what === 'demo' && which) return { kind: 'demo', file: which };
  if ((what === 'import' || what === 'export') && organisation && !isOdsCode(organisation)) throw new Error('--organisation must be an ODS code.');
  if (what === 'import' && which && organisation)
    return { kind: 'import', file: which, organisation, application, errors: values.errors ?? `${which}.refused.ndjson` };
  if (what === 'export' && organisation) return { kind: 'export', file: which, organisation, deceased: values.deceased };
  if (what === 'permissions' && which === 'list') return { kind: 'list', organisation };
  if (what === 'permissions' && which === 'revoke') return { kind: 'revoke', permission: place() };
  if (what === 'permissions' && which === 'grant') {
    const list = (text: string): string[] => text.split(',').filter(Boolean);
    return {
      kind: 'grant',
      permission: { ...place(), ...grantedBy({ types: list(values.types), access_controls: list(values.controls) }) },
    };
  }
  throw new Error('Say what to do.');
}
