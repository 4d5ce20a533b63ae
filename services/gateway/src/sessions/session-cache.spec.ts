import { SessionCache, type Remembered } from './session-cache';

const aSession = (id: string): Remembered => ({
  session: { id, aal: 2, startedAt: new Date(0), staff: { userId: '555000000101', name: '', idAssurance: 3, positions: [] } },
  lastSeenMs: 0,
  writtenMs: 0,
});

describe('remembered sessions', () => {
  it('are forgotten by the session’s id', () => {
    const cache = new SessionCache();
    cache.set('cookie', aSession('a'));
    cache.forget('a');
    expect(cache.get('cookie')).toBeUndefined();
  });

  it('are one a session: a new cookie replaces the former', () => {
    const cache = new SessionCache();
    cache.set('former', aSession('a'));
    cache.set('cookie', aSession('a'));
    expect([cache.get('former'), cache.get('cookie')?.session.id]).toEqual([undefined, 'a']);
  });

  it('are bounded: the oldest goes first', () => {
    const cache = new SessionCache(2);
    for (const name of ['a', 'b', 'c']) cache.set(`cookie ${name}`, aSession(name));
    expect(['a', 'b', 'c'].map((name) => cache.get(`cookie ${name}`)?.session.id)).toEqual([undefined, 'b', 'c']);
  });

  it('change their generation with every revocation, also of a session that is not remembered', () => {
    const cache = new SessionCache();
    const before = cache.generation;
    cache.forget('unknown');
    expect(cache.generation).not.toBe(before);
  });
});
