export interface BundleEntry<T> {
  fullUrl: string;
  resource: T;
  search?: { mode?: 'match' | 'include' | 'outcome'; score?: number };
}

export interface Bundle<T> {
  resourceType: 'Bundle';
  type: 'searchset';
  timestamp: string;
  total: number;
  entry?: BundleEntry<T>[];
}

/** A searchset; without hits it has no `entry` at all. */
export function searchset<T>(entries: BundleEntry<T>[], total = entries.length): Bundle<T> {
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    timestamp: new Date().toISOString(),
    total,
    ...(entries.length > 0 && { entry: entries }),
  };
}
