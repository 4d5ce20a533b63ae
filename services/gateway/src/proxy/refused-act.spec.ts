import { Interaction } from '@carespine/contracts';
import { actOf } from './refused-act';

const { READ, SEARCH_TYPE, CREATE, UPDATE, PATCH, DELETE, OPERATION, VREAD } = Interaction;
const PDS = '/personal-demographics/FHIR/R4';
const NRL = '/record-locator/consumer/FHIR/R4';
const SUBJECT = 'subject:identifier=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C9000000009';

describe('failures follow the pattern of the success', () => {
  it.each([
    ['GET', `${PDS}/Patient/9000000009`, { interaction: READ, resource: 'Patient', nhsNumber: '9000000009' }],
    ['GET', `${PDS}/Patient?family=Smith&birthdate=eq2010-10-22`, { interaction: SEARCH_TYPE, resource: 'Patient', query: 'family=Smith&birthdate=eq2010-10-22' }],
    ['POST', `${PDS}/Patient`, { interaction: CREATE, resource: 'Patient' }],
    ['PATCH', `${PDS}/Patient/9000000009`, { interaction: PATCH, resource: 'Patient', nhsNumber: '9000000009' }],
    ['GET', `${PDS}/Patient/9000000009/RelatedPerson`, { interaction: READ, resource: 'RelatedPerson', nhsNumber: '9000000009' }],
    ['GET', `${PDS}/Patient/9000000009/_history/2`, { interaction: VREAD, resource: 'Patient', nhsNumber: '9000000009' }],
    ['GET', `${PDS}/Patient/9000000008`, { interaction: READ, resource: 'Patient' }],
    ['GET', `${NRL}/DocumentReference?${SUBJECT}`, { interaction: SEARCH_TYPE, resource: 'DocumentReference', query: SUBJECT, nhsNumber: '9000000009' }],
    ['POST', `${NRL}/DocumentReference/_search`, { interaction: SEARCH_TYPE, resource: 'DocumentReference' }],
    ['GET', `${NRL}/DocumentReference/Y05868-1/$retrieve`, { interaction: OPERATION, resource: 'DocumentReference' }],
    ['PUT', '/record-locator/producer/FHIR/R4/DocumentReference/Y05868-1', { interaction: UPDATE, resource: 'DocumentReference' }],
    ['DELETE', '/record-locator/producer/FHIR/R4/DocumentReference/Y05868-1', { interaction: DELETE, resource: 'DocumentReference' }],
    ['GET', '/audit/FHIR/R4/AuditEvent?patient=9000000009', { interaction: SEARCH_TYPE, resource: 'AuditEvent', query: 'patient=9000000009', nhsNumber: '9000000009' }],
    ['GET', '/audit/v1/alerts', { interaction: READ }],
    ['BREW', '/audit/v1/alerts', { interaction: OPERATION }],
    ['GET', `${PDS}/Patient?patient=%zz%00&${'x'.repeat(3000)}`, { interaction: SEARCH_TYPE, resource: 'Patient', query: `patient=%zz%00&${'x'.repeat(3000)}`.slice(0, 2048) }],
  ])('%s %s', (method, url, act) => expect(actOf(method, url)).toEqual(act));
});
