import { Controller, Get, Header } from '@nestjs/common';
import { Access } from '@carespine/access-control';
import { Interaction } from '@carespine/contracts';
import { ProviderRegistry, type Provider } from './provider-registry';

/** The names behind the ODS codes of custodians, and whom to ask when a document cannot be had. */
@Controller('record-locator/v1/providers')
export class ProvidersController {
  constructor(private readonly registry: ProviderRegistry) {}

  /** Where their documents are fetched from is not said. */
  @Get()
  @Header('cache-control', 'no-store')
  @Access({ permission: ['pointers.search', 'pointers.produce'], record: { interaction: Interaction.SEARCH_TYPE, resource: '', name: 'List document providers' } })
  list(): { providers: Pick<Provider, 'odsCode' | 'name' | 'contact'>[] } {
    return { providers: this.registry.all.map(({ odsCode, name, contact }) => ({ odsCode, name, contact })) };
  }
}
