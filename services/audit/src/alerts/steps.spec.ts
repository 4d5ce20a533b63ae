import fc from 'fast-check';
import { STEPS, type Step } from './alert';
import { after, parseStep, stepsOf, type Standing } from './steps';

describe('audit specification, "Life of an alert": new → under investigation → closed', () => {
  it.each([
    [{ status: 'new', escalated: false }, ['assign', 'investigate', 'note', 'escalate']],
    [{ status: 'new', escalated: true }, ['assign', 'investigate', 'note']],
    [{ status: 'under-investigation', escalated: false }, ['assign', 'note', 'close', 'escalate']],
    [{ status: 'closed', escalated: true }, ['reopen']],
  ] as [Standing, Step[]][])('%j allows %j', (standing, steps) => expect(stepsOf(standing)).toEqual(steps));

  it('takes exactly the steps that it offers, and closes only what was investigated', () =>
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...STEPS)), (steps) => {
        let standing: Standing = { status: 'new', escalated: false };
        for (const step of steps) {
          const allowed = stepsOf(standing).includes(step);
          if (!allowed) {
            expect(() => after(standing, step)).toThrow(/not allowed/);
            continue;
          }
          const next = after(standing, step);
          if (next.status === 'closed' && standing.status !== 'closed') expect(standing.status).toBe('under-investigation');
          expect(next.escalated).toBe(standing.escalated || step === 'escalate');
          standing = next;
        }
      }),
    ));
});

describe('a step’s body', () => {
  it.each([
    [null, 'VALIDATION_ERROR', undefined],
    [[], 'VALIDATION_ERROR', undefined],
    [{ step: 'note', note: 'n', version: 1, more: 1 }, 'ADDITIONAL_PROPERTIES', 'more'],
    [{ version: 1 }, 'MISSING_VALUE', 'step'],
    [{ version: 1, step: 'shut' }, 'INVALID_VALUE', 'step'],
    [{ step: 'investigate' }, 'MISSING_VALUE', 'version'],
    [{ step: 'investigate', version: '1' }, 'INVALID_VALUE', 'version'],
    [{ step: 'investigate', version: 0 }, 'INVALID_VALUE', 'version'],
    [{ step: 'investigate', version: 1, assignee: '5' }, 'INVALID_VALUE', 'assignee'],
    [{ step: 'assign', version: 1 }, 'MISSING_VALUE', 'assignee'],
    [{ step: 'assign', version: 1, assignee: 'x' }, 'INVALID_VALUE', 'assignee'],
    [{ step: 'close', version: 1, note: 'n' }, 'MISSING_VALUE', 'outcome'],
    [{ step: 'close', version: 1, outcome: 'fine', note: 'n' }, 'INVALID_VALUE', 'outcome'],
    [{ step: 'close', version: 1, outcome: 'appropriate' }, 'MISSING_VALUE', 'note'],
    [{ step: 'close', version: 1, outcome: 'appropriate', note: ' ' }, 'MISSING_VALUE', 'note'],
    [{ step: 'close', version: 1, outcome: 'appropriate', note: 'n', duplicateOf: 'A-2222-2222' }, 'INVALID_VALUE', 'duplicateOf'],
    [{ step: 'close', version: 1, outcome: 'duplicate', note: 'n', duplicateOf: 'x' }, 'INVALID_VALUE', 'duplicateOf'],
    [{ step: 'reopen', version: 1 }, 'MISSING_VALUE', 'note'],
    [{ step: 'escalate', version: 1 }, 'MISSING_VALUE', 'note'],
    [{ step: 'note', version: 1, note: 'x'.repeat(4001) }, 'INVALID_VALUE', 'note'],
    [{ step: 'note', version: 1, note: 'a\u0000b' }, 'INVALID_VALUE', 'note'],
    [{ step: 'note', version: 1, note: '\ud800' }, 'INVALID_VALUE', 'note'],
    [{ step: 'note', version: 1, note: 7 }, 'INVALID_VALUE', 'note'],
  ])('%j is refused with %s naming %s', (body, code, expression) => {
    expect(() => parseStep(body)).toThrow(expect.objectContaining({ code, details: expect.objectContaining(expression === undefined ? {} : { expression }) as unknown }) as Error);
  });
});
