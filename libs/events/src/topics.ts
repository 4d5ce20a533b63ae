/** Every topic of the platform: `<service>.<aggregate>.v<N>`. */
export const TOPICS = ['audit.access.v1', 'audit.staff.v1', 'demographics.patient.v1', 'record-locator.pointer.v1'] as const;

export type Topic = (typeof TOPICS)[number];

/** Where events of a topic go that a consumer could not apply. */
export const deadLetterOf = (topic: string): string => `${topic}.dead-letter`;

/** What a log must hold: the topics, and the dead letters of each. */
export const ALL_TOPICS: readonly string[] = TOPICS.flatMap((topic) => [topic, deadLetterOf(topic)]);

export const isTopic = (name: string): boolean => ALL_TOPICS.includes(name);
