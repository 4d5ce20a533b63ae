import { thePlatform } from '../platform';
import { Supplier, TRACING_APP } from './supplier';

const CONSULTANT = '555000000101';
const PLANNING = 'example-care-planning';
const AMBULANCE = 'example-ambulance-service';
const WELL_KNOWN = '9000000009';
const RESTRICTED = '9000000025';

const platform = thePlatform();
const consumer = '/record-locator/consumer/FHIR/R4/DocumentReference';
const producer = '/record-locator/producer/FHIR/R4/DocumentReference';
const subject = (nhsNumber: string): string => `?subject:identifier=https://fhir.nhs.uk/Id/nhs-number|${nhsNumber}`;
const on = (odsCode: string): Record<string, string> => ({ 'nhsd-end-user-organisation-ods': odsCode });
const suppliers = {} as Record<'consultant' | 'planning' | 'ambulance' | 'tracing', Supplier>;

beforeAll(async () => {
  suppliers.consultant = await Supplier.ofUser(platform, CONSULTANT);
  suppliers.planning = await Supplier.ofApplication(platform, PLANNING);
  suppliers.ambulance = await Supplier.ofApplication(platform, AMBULANCE);
  suppliers.tracing = await Supplier.ofApplication(platform, TRACING_APP);
});

describe('the record locator through the gateway', () => {
  it('shows the plans of another region to staff and to systems, of permitted types', async () => {
    const all = await suppliers.consultant.call(`${consumer}${subject(WELL_KNOWN)}`);
    expect(all).toMatchObject({ status: 200, body: { total: 4 } });
    const plans = await suppliers.ambulance.call(`${consumer}${subject(WELL_KNOWN)}`, { headers: on('RZZ01') });
    expect(plans).toMatchObject({ status: 200, body: { total: 3 } });
    expect(JSON.stringify(plans.body)).toContain('End of life care coordination summary');
  });

  it('shows nothing of a restricted patient to whoever may not know where she is', async () => {
    expect(await suppliers.ambulance.call(`${consumer}${subject(RESTRICTED)}`, { headers: on('RZZ01') })).toMatchObject({
      status: 200,
      body: { total: 0 },
    });
    expect(await suppliers.planning.call(`${producer}${subject(RESTRICTED)}`, { headers: on('RZZ02') })).toMatchObject({
      status: 200,
      body: { total: 1 },
    });
  });

  it('goes through create, supersede, update and delete', async () => {
    const [known] = (await suppliers.planning.call(`${producer}${subject('9000000017')}`, { headers: on('RZZ02') })).body.entry ?? [];
    const { id: _id, ...pointer } = known?.resource as unknown as Record<string, unknown>;
    const send = (method: string, path: string, body?: unknown) =>
      suppliers.planning.call(`${producer}${path}`, {
        method,
        body,
        headers: { ...on('RZZ02'), ...(body !== undefined && { 'content-type': 'application/fhir+json' }) },
      });
    const created = await send('POST', '', pointer);
    expect(created).toMatchObject({ status: 201, code: 'RESOURCE_CREATED' });
    const id = created.headers.get('location')?.split('/').at(-1) ?? '';
    const next = await send('POST', '', { ...pointer, relatesTo: [{ code: 'replaces', target: { identifier: { value: id } } }] });
    expect(next).toMatchObject({ status: 201, code: 'RESOURCE_SUPERSEDED' });
    const nextId = next.headers.get('location')?.split('/').at(-1) ?? '';
    expect(await send('GET', `/${id}`)).toMatchObject({ status: 404, code: 'NO_RECORD_FOUND' });
    const read = await send('GET', `/${nextId}`);
    expect(await send('PUT', `/${nextId}`, { ...read.body, description: 'Amended' })).toMatchObject({
      status: 200,
      code: 'RESOURCE_UPDATED',
    });
    expect(await send('DELETE', `/${nextId}`)).toMatchObject({ status: 200, code: 'RESOURCE_DELETED' });
  });

  it.each<[string, keyof typeof suppliers, string, Record<string, string>, number, string]>([
    ['an application without the product', 'tracing', consumer, on('RZZ01'), 403, 'PRECONDITION_FAILED'],
    ['an application without the product of this side', 'ambulance', producer, on('RZZ01'), 403, 'PRECONDITION_FAILED'],
    ['an application that names no organisation', 'ambulance', consumer, {}, 400, 'PRECONDITION_FAILED'],
    ['an application for an organisation unknown to it', 'ambulance', consumer, on('RZZ02'), 403, 'ACCESS DENIED'],
  ])('refuses %s', async (_, who, base, headers, status, code) => {
    expect(await suppliers[who].call(`${base}${subject(WELL_KNOWN)}`, { headers })).toMatchObject({ status, code });
  });

  it('answers whoever has no token with 401, and _ping', async () => {
    const answer = await fetch(`${platform.url}${consumer}${subject(WELL_KNOWN)}`);
    expect([answer.status, JSON.stringify(await answer.json())]).toEqual([
      401,
      expect.stringContaining('"code":"forbidden","details":{"coding":[{'),
    ]);
    expect((await fetch(`${platform.url}/record-locator/consumer/FHIR/R4/_ping`)).status).toBe(200);
  });
});
