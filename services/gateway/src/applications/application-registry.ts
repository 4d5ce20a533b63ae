import type { Application } from './application';
import { readApplications } from './application-file';

/** The applications that may call, as read at start; to change one, change its file and restart. */
export class ApplicationRegistry {
  private readonly applications: ReadonlyMap<string, Application>;

  /**
   * @param paths comma-separated
   * @throws ConfigError
   */
  constructor(paths: string) {
    this.applications = readApplications(paths.split(',').map((path) => path.trim()).filter(Boolean));
  }

  /** Also a revoked one. */
  find(clientId: string): Application | undefined {
    return this.applications.get(clientId);
  }
}
