export interface BundleEntry<T> {
  fullUrl: string;
  resource: T;
  search?: { mode?: 'match' | 'include' | 'outcome'; score?: number };
}

export interface Bundle<T> {
  resourceType: 'Bundle';
  type: 'searchset';
  timestamp: string;
  /** Of all matches, not of this page; absent where they were too many to count. */
  total?: number;
  link?: { relation: string; url: string }[];
  entry?: BundleEntry<T>[];
}

/** A searchset; without hits it has no `entry` at all. */
export function searchset<T>(entries: BundleEntry<T>[], ...[total = entries.length]: [number?]): Bundle<T> {
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    timestamp: new Date().toISOString(),
    ...(total !== undefined && { total }),
    ...(entries.length > 0 && { entry: entries }),
  };
}
