import { Module } from '@nestjs/common';
import type { Provider } from 'oidc-provider';
import { PasskeyController } from './authenticators/passkey.controller';
import { Passkeys } from './authenticators/passkeys';
import { SimulatorConfig } from './config';
import { AssetsController } from './pages/assets.controller';
import { Pages } from './pages/pages';
import { DirectoryController } from './people/directory.controller';
import { People } from './people/people';
import { MemoryStore } from './provider/memory-store';
import { createOpenIdProvider } from './provider/open-id-provider';
import { OPEN_ID_PROVIDER } from './provider/token';
import { Cis2Sessions } from './sessions/cis2-sessions';
import { SessionsController } from './sessions/sessions.controller';
import { SignInController } from './sign-in/sign-in.controller';

@Module({
  controllers: [SignInController, PasskeyController, SessionsController, DirectoryController, AssetsController],
  providers: [
    MemoryStore,
    Pages,
    { provide: People, inject: [SimulatorConfig], useFactory: (config: SimulatorConfig) => new People(config.peopleFiles) },
    {
      provide: Passkeys,
      inject: [SimulatorConfig],
      useFactory: (config: SimulatorConfig) => new Passkeys(config.ISSUER, config.STATE_FILE),
    },
    { provide: OPEN_ID_PROVIDER, inject: [SimulatorConfig, People, Pages, MemoryStore], useFactory: createOpenIdProvider },
    {
      provide: Cis2Sessions,
      inject: [OPEN_ID_PROVIDER, MemoryStore],
      useFactory: (provider: Provider, store: MemoryStore) => new Cis2Sessions(provider, store),
    },
  ],
})
export class AppModule {}
