import { newEvent, type Event } from './event';
import { EventRefused } from './event-log';
import type { OutboxStore, OutboxTurn } from './outbox-store';
import { Relay } from './relay';

const rows = ['1', '2'].map((row) => ({ row, event: newEvent({ topic: 'audit.access.v1', type: 'test', key: row, payload: new Uint8Array() }) }));
const nothing = (): void => undefined;
const soon = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const storeOf = (turn: Partial<OutboxTurn>): OutboxStore => ({
  inTurn: async (work) => {
    await work({ oldest: () => Promise.resolve(rows), carried: () => Promise.resolve(), setAside: () => Promise.resolve(), ...turn });
    return true;
  },
});

describe('the relay', () => {
  it('has one append under way at a time, also when the outbox cannot be read meanwhile: another would overtake it', async () => {
    let [underWay, most, appends, reads] = [0, 0, 0, 0];
    const oldest = (): Promise<typeof rows> => (++reads % 2 === 0 ? Promise.reject(new Error('the connection was lost')) : Promise.resolve(rows));
    await new Promise<void>((resolve) => {
      const append = async (): Promise<void> => {
        most = Math.max(most, ++underWay);
        await soon(250);
        underWay--;
        if (++appends === 3) void relay.stop().then(resolve);
      };
      const relay = new Relay(storeOf({ oldest }), { append }, { failed: nothing, relayed: nothing, refused: nothing }, undefined, rows.length);
      relay.start();
    });
    expect(most).toBe(1);
  });

  it('sets aside what the log will never take, and counts the rest as carried', async () => {
    const [good, bad] = rows;
    const refused: Event[] = [];
    const setAside: [string, string][] = [];
    const append = (events: Event[]): Promise<void> => (events.some(({ id }) => id === bad?.event.id) ? Promise.reject(new EventRefused('MESSAGE_TOO_LARGE')) : Promise.resolve());
    const carried = await new Promise<string[]>((resolve) => {
      const turn = { setAside: async (row: string, why: string) => void setAside.push([row, why]), carried: async (some: string[]) => resolve(some) };
      const relay = new Relay(storeOf(turn), { append }, { failed: nothing, relayed: () => void relay.stop(), refused: (event) => void refused.push(event) });
      relay.start();
    });
    expect([carried, setAside, refused]).toEqual([[good?.row], [[bad?.row, 'MESSAGE_TOO_LARGE']], [bad?.event]]);
  });
});
