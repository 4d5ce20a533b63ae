export { Batched, EventServer } from './event-server';
export { Consumer, type Apply, type ConsumerReport } from './consumer';
export { newEvent, PatientKey, type Event, type NewEvent, type ReceivedEvent } from './event';
export { Gathering } from './gathering';
export { migrateEventLog, PostgresEventLog, type EventLog } from './event-log';
export { Outbox, type Transaction } from './outbox';
export { Relay } from './relay';
export { CreateOutboxAndInbox20261124080000 } from './schema';
export { deadLetterOf, TOPICS, type Topic } from './topics';
