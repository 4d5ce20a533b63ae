import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import fc from 'fast-check';
import { formatAddCheckpoint, parseAddCheckpoint, parseCosignatures } from './add-checkpoint';
import { checkpointText, openCheckpoint, parseCheckpoint } from './checkpoint';
import { NoteFault, NoteSigner, NoteVerifier, openNote, parseNote, signNote } from './note';

const newKey = (): JsonWebKey => generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
const ORIGIN = 'example.org/audit/log';
const log = NoteSigner.ofLog(ORIGIN, newKey());
const other = NoteSigner.ofLog(ORIGIN, newKey());
const witness = NoteSigner.ofWitness('witness.example', newKey());
const ROOT = Buffer.alloc(32, 7);
const text = checkpointText({ origin: ORIGIN, size: 12, root: ROOT });
const kindOf = (act: () => unknown): string => {
  try {
    act();
    return 'accepted';
  } catch (error) {
    if (error instanceof NoteFault) return error.kind;
    throw error;
  }
};

describe('C2SP signed notes', () => {
  it('opens a note of the format’s own documentation', () => {
    const verifier = NoteVerifier.parse('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
    const note =
      'If you think cryptography is the answer to your problem,\nthen you don’t know what your problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n'.replace('’', "'");
    expect(openNote(note, [verifier]).signedBy).toEqual([verifier]);
  });

  it('writes a verifier key and reads it back', () => {
    for (const signer of [log, witness]) expect(NoteVerifier.parse(signer.verifier.vkey)).toEqual(signer.verifier);
    expect(log.verifier.keyId).not.toEqual(NoteSigner.ofWitness(ORIGIN, newKey()).verifier.keyId);
  });

  it.each(['', 'a+b', 'a+00000000+AQ==', `${ORIGIN}+00000000+${log.verifier.vkey.split('+').slice(2).join('+')}`, `a b+${log.verifier.vkey.split('+').slice(1).join('+')}`])(
    'refuses the verifier key %p',
    (vkey) => expect(kindOf(() => NoteVerifier.parse(vkey))).toBe('malformed'),
  );

  it('passes over signatures of unknown keys, and wants one of a known', () => {
    const note = signNote(text, [other, log, witness]);
    expect(openNote(note, [log.verifier]).signedBy).toEqual([log.verifier]);
    expect(kindOf(() => openNote(signNote(text, [other]), [log.verifier]))).toBe('unverified');
    expect(kindOf(() => openNote(note, []))).toBe('unverified');
  });

  it('refuses a known key’s signature of another text', () => {
    const forged = signNote(text, [log]).replace('\n12\n', '\n13\n');
    expect(kindOf(() => openNote(forged, [log.verifier]))).toBe('forged');
  });

  it('lets both keys of a rotation sign', () => {
    const note = signNote(text, [other, log]);
    expect(openNote(note, [log.verifier]).text).toBe(text);
    expect(openNote(note, [other.verifier]).text).toBe(text);
  });

  it.each([
    ['no signature', text],
    ['no blank line', text + log.line(text)],
    ['no end of the last line', signNote(text, [log]).slice(0, -1)],
    ['a carriage return', signNote(text, [log]).replace('\n', '\r\n')],
    ['a tab', signNote(`${text}\t\n`, [log])],
    ['a hyphen for the dash', signNote(text, [log]).replace('—', '-')],
    ['two spaces', signNote(text, [log]).replace('— ', '—  ')],
    ['a space behind', signNote(text, [log]).replace(/\n$/, ' \n')],
    ['invalid base64', signNote(text, [log]).replace(/=*\n$/, '!\n')],
    ['base64 with bits to spare', signNote(text, [log]).replace(/\n$/, '=\n')],
    ['a signature too short', `${text}\n— ${ORIGIN} AAAA\n`],
    ['a plus in the name', signNote(text, [log]).replace(`— ${ORIGIN}`, '— a+b')],
    ['an empty text', `\n\n${log.line(text)}`.slice(1)],
    ['too many signatures', `${text}\n${log.line(text).repeat(101)}`],
    ['too much', `${'a'.repeat(1_000_001)}\n\n${log.line(text)}`],
  ])('refuses a note with %s', (_, note) => expect(kindOf(() => parseNote(note))).toBe('malformed'));

  it('never fails in any other way, whatever comes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('\n', '— ', ' ', 'a', '+', '=', '12', ORIGIN) })), (note) => {
        expect(['accepted', 'malformed', 'unverified', 'forged']).toContain(kindOf(() => openCheckpoint(note, [log.verifier])));
        expect(['accepted', 'malformed']).toContain(kindOf(() => parseAddCheckpoint(note)));
      }),
      { numRuns: 300 },
    );
  });
});

describe('C2SP checkpoints', () => {
  it('reads back what it writes', () => {
    expect(parseCheckpoint(text)).toEqual({ origin: ORIGIN, size: 12, root: ROOT });
    expect(openCheckpoint(signNote(text, [log]), [log.verifier])).toMatchObject({ size: 12 });
  });

  it('keeps extension lines, which are signed', () => {
    const extended = checkpointText({ origin: ORIGIN, size: 12, root: ROOT, extensions: ['more 1'] });
    expect(openCheckpoint(signNote(extended, [log]), [log.verifier]).extensions).toEqual(['more 1']);
    expect(kindOf(() => openCheckpoint(signNote(text, [log]).replace('\n\n', '\nmore 1\n\n'), [log.verifier]))).toBe('forged');
  });

  it.each(['012', '-1', '+1', ' 12', '12 ', '1e3', '', '9007199254740993', '99999999999999999999', '0x10'])('refuses the size %p', (size) => {
    expect(kindOf(() => parseCheckpoint(`${ORIGIN}\n${size}\n${ROOT.toString('base64')}\n`))).toBe('malformed');
  });

  it.each([
    ['no origin', `\n12\n${ROOT.toString('base64')}\n`],
    ['a space in the origin', `example org\n12\n${ROOT.toString('base64')}\n`],
    ['a short root', `${ORIGIN}\n12\nAAAA\n`],
    ['a root that is not base64', `${ORIGIN}\n12\n${'!'.repeat(44)}\n`],
    ['an empty line', `${text}\n`],
    ['no end', text.slice(0, -1)],
    ['two lines', `${ORIGIN}\n12\n`],
  ])('refuses %s', (_, body) => expect(kindOf(() => parseCheckpoint(body))).toBe('malformed'));

  it('refuses a checkpoint signed by another log’s key', () => {
    const stranger = NoteSigner.ofLog('example.org/another', newKey());
    expect(kindOf(() => openCheckpoint(signNote(text, [stranger]), [stranger.verifier]))).toBe('unverified');
  });
});

describe('C2SP cosignatures and witnesses', () => {
  it('cosigns the time as well', () => {
    const note = signNote(text, [log]) + witness.line(text, new Date(1_700_000_000_000));
    expect(openNote(note, [witness.verifier]).signatures[1]?.signature.readBigUInt64BE()).toBe(1_700_000_000n);
    const line = witness.line(text, new Date(1_700_000_000_000));
    const later = Buffer.from(line.split(' ')[2] as string, 'base64');
    later[11] = (later[11] as number) + 1;
    expect(kindOf(() => openNote(`${text}\n— ${witness.name} ${later.toString('base64')}\n`, [witness.verifier]))).toBe('forged');
  });

  it('reads back a request', () => {
    const request = { old: 3, proof: [ROOT, Buffer.alloc(32, 1)], checkpoint: signNote(text, [log]) };
    expect(parseAddCheckpoint(formatAddCheckpoint(request))).toEqual({ ...request, parsed: parseCheckpoint(text) });
    expect(parseAddCheckpoint(formatAddCheckpoint({ ...request, old: 0, proof: [] })).proof).toEqual([]);
  });

  it.each([
    ['no old size', `${ROOT.toString('base64')}\n\n${signNote(text, [log])}`],
    ['a leading zero', `old 03\n\n${signNote(text, [log])}`],
    ['a negative size', `old -3\n\n${signNote(text, [log])}`],
    ['a proof of 64 hashes', formatAddCheckpoint({ old: 3, proof: Array<Buffer>(64).fill(ROOT), checkpoint: signNote(text, [log]) })],
    ['a short hash', `old 3\nAAAA\n\n${signNote(text, [log])}`],
    ['no checkpoint', 'old 3\n\n'],
    ['nothing', ''],
  ])('refuses a request with %s', (_, body) => expect(kindOf(() => parseAddCheckpoint(body))).toBe('malformed'));

  it('reads the lines of an answer', () => {
    const line = witness.line(text);
    expect(parseCosignatures(line + line)).toEqual([line, line]);
    for (const answer of ['', 'ok\n', line.slice(0, -1)]) expect(kindOf(() => parseCosignatures(answer))).toBe('malformed');
  });
});
