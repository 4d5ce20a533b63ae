import { failureOf } from './call-failures';
import { RetrievalFailure } from './retrieval-failure';
import { Provider } from './provider-registry';

const provider = Object.assign(new Provider(), { odsCode: 'RQX01', name: 'Example Hospice', contact: {}, endpoints: [] });
const codeFor = (code: string): unknown => {
  const failure = failureOf(Object.assign(new Error(), { code }), provider);
  return failure instanceof RetrievalFailure ? failure.code : failure;
};

describe('whose failure a broken connection is', () => {
  it.each([
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
    'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
    'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
    'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
  ])('ours, when the provider complains of our certificate: %s', (code) => expect(codeFor(code)).toBe('PROXY_CERTIFICATE_REFUSED'));

  it.each([
    ['CERT_HAS_EXPIRED', 'PROVIDER_NOT_TRUSTED'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'PROVIDER_NOT_TRUSTED'],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'PROVIDER_NOT_TRUSTED'],
    ['ECONNRESET', 'PROVIDER_UNREACHABLE'],
    ['ETIMEOUT', 'PROVIDER_UNREACHABLE'],
    ['ESERVFAIL', 'PROVIDER_UNREACHABLE'],
    ['HPE_HEADER_OVERFLOW', 'PROVIDER_RESPONSE_INVALID'],
  ])('the provider\'s: %s is %s', (code, expected) => expect(codeFor(code)).toBe(expected));

  it('nobody\'s that can be told, when it is a fault of this program', () => {
    const fault = new TypeError('x');
    expect(failureOf(fault, provider)).toBe(fault);
  });
});
