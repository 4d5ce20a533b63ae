import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { readFileSync } from 'node:fs';
import { ConfigError } from '@carespine/service-kit';
import { RecordLocatorConfig } from '../config';
import { PointersModule } from '../pointers/pointers.module';
import { AuditTokens } from './audit-tokens';
import { DocumentFetch } from './document-fetch';
import { DocumentRetrieval } from './document-retrieval.service';
import { DocumentsController } from './documents.controller';
import { NameResolution, ProviderConnections } from './provider-connections';
import { ProvidersController } from './providers.controller';
import { ProviderRegistry, readProviderRegistry } from './provider-registry';
import { RetrievalFailures } from './retrieval-failures';

@Module({
  imports: [PointersModule],
  controllers: [DocumentsController, ProvidersController],
  exports: [RetrievalFailures],
  providers: [
    DocumentRetrieval,
    RetrievalFailures,
    NameResolution,
    {
      provide: ProviderRegistry,
      inject: [RecordLocatorConfig],
      useFactory: ({ PROVIDER_REGISTRY: file, PROVIDERS_ON_LOOPBACK }: RecordLocatorConfig) =>
        file ? readProviderRegistry(file, PROVIDERS_ON_LOOPBACK) : new ProviderRegistry([]),
    },
    {
      provide: AuditTokens,
      inject: [RecordLocatorConfig],
      useFactory: ({ PUBLIC_URL, SYSTEM_ASID, AUDIT_TOKEN_JWK }: RecordLocatorConfig) =>
        SYSTEM_ASID && AUDIT_TOKEN_JWK ? AuditTokens.open(PUBLIC_URL, SYSTEM_ASID, AUDIT_TOKEN_JWK) : null,
    },
    {
      provide: ProviderConnections,
      inject: [NameResolution, RecordLocatorConfig],
      useFactory: (names: NameResolution, config: RecordLocatorConfig) =>
        new ProviderConnections(names, { connectMs: config.DOCUMENT_CONNECT_MS, client: clientOf(config) }),
    },
    {
      provide: DocumentFetch,
      inject: [ProviderConnections, RecordLocatorConfig],
      useFactory: (connections: ProviderConnections, config: RecordLocatorConfig) =>
        new DocumentFetch(connections, {
          firstByteMs: config.DOCUMENT_FIRST_BYTE_MS,
          totalMs: config.DOCUMENT_TOTAL_MS,
          idleMs: config.DOCUMENT_IDLE_MS,
          largestDocument: config.DOCUMENT_LIMIT,
          largestLargeDocument: config.LARGE_DOCUMENT_LIMIT,
          atOncePerProvider: config.DOCUMENTS_AT_ONCE,
        }),
    },
  ],
})
export class DocumentsModule implements OnApplicationShutdown {
  constructor(@Inject(ProviderConnections) private readonly connections: ProviderConnections) {}

  onApplicationShutdown(): void {
    this.connections.close();
  }
}

function clientOf({ PROVIDER_CLIENT_CERTIFICATE: cert, PROVIDER_CLIENT_KEY: key }: RecordLocatorConfig): { cert: string; key: string } | undefined {
  if (!cert && !key) return undefined;
  try {
    return { cert: readFileSync(cert ?? '', 'utf8'), key: readFileSync(key ?? '', 'utf8') };
  } catch {
    throw new ConfigError('PROVIDER_CLIENT_CERTIFICATE and PROVIDER_CLIENT_KEY: must both name files that can be read');
  }
}
