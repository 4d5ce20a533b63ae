import { faultOf } from './kafka-topics';

describe('a topic that is there already', () => {
  const fault = (config: Record<string, string>, replication?: number): string | undefined => faultOf(new Map(Object.entries(config)), replication ? { replication } : {});

  it('may keep everything, or for as long as a service may be off', () => {
    expect(fault({ 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1', 'min.insync.replicas': '1' })).toBeUndefined();
    expect(fault({ 'cleanup.policy': 'delete', 'retention.ms': String(365 * 86_400_000) })).toBeUndefined();
  });

  it.each([
    ['is compacted', { 'cleanup.policy': 'compact' }, 'cleanup.policy is compact'],
    ['is compacted besides', { 'cleanup.policy': 'compact,delete' }, 'cleanup.policy is compact,delete'],
    ['keeps events for a week', { 'retention.ms': '604800000' }, 'retention.ms is 604800000'],
    ['keeps some gigabytes', { 'retention.bytes': '1000000000' }, 'retention.bytes is set'],
  ])('is refused when it %s', (_, config, complaint) => expect(fault(config)).toContain(complaint));

  it('is refused when one broker of three is enough to write', () => {
    expect(fault({ 'min.insync.replicas': '1' }, 3)).toContain('min.insync.replicas is 1');
    expect(fault({ 'min.insync.replicas': '2' }, 3)).toBeUndefined();
  });
});
