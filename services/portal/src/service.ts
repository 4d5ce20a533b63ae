import type { ServiceDefinition } from '@carespine/service-kit';
import { ApiClient } from './apis/api-client';
import { AppModule } from './app.module';
import { PortalConfig } from './config';
import { PageErrors } from './pages/page-errors.filter';
import { Pages } from './pages/pages';

/** The portal as service-kit starts it. */
export const portal: ServiceDefinition = {
  name: 'portal',
  module: AppModule,
  config: PortalConfig,
  configure(app) {
    const parse = (_request: unknown, body: string | Buffer, done: (error: null, form: unknown) => void) =>
      done(null, Object.fromEntries(new URLSearchParams(body.toString())));
    app.getHttpAdapter().getInstance().addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, parse);
    app.useGlobalFilters(new PageErrors(app.get(Pages), app.get(ApiClient), app.get(PortalConfig)));
  },
};
