import type { Principal } from '@carespine/access-control';
import type { View } from './serving';

/** What a caller may see beyond the ordinary: by permission, and by what is held against the client. */
export function viewOf({ permissions, client: { attributes } }: Principal): View {
  return {
    locationOfRestricted: permissions.has('demographics.read-restricted'),
    emptyAddressLines: attributes.emptyAddressLines === true,
    confidentialRemovalReasons: attributes.confidentialRemovalReasons === true,
    recordSharingConsent: attributes.recordSharingConsent === true,
  };
}

export const isOrdinary = (view: View): boolean => !Object.values(view).includes(true);
