import { Injectable } from '@nestjs/common';
import type { AccessTrail } from '@carespine/access-control';
import { RecordLocatorConfig } from '../config';
import type { Acting } from '../pointers/acting';
import { PointerSearch, type Asked, type Found } from './pointer-search';
import { LARGEST_PAGE, tokenOfPlace, type PointerQuery } from './search-parameters';

/** Answers searches with Bundles, put together from the pointers as they are stored. */
@Injectable()
export class SearchAnswers {
  constructor(
    private readonly pointers: PointerSearch,
    private readonly config: RecordLocatorConfig,
  ) {}

  /** @param address of the resource type, e.g. `/record-locator/consumer/FHIR/R4/DocumentReference` */
  async answer(query: PointerQuery, { who, organisation }: Acting, address: string, trail: AccessTrail): Promise<string> {
    const { nhsNumber, types, custodian } = query;
    const asked: Asked = { nhsNumber, types, custodian, organisation, seesRestricted: who.permissions.has('demographics.read-restricted') };
    trail.open(nhsNumber);
    const self = `${this.config.PUBLIC_URL}${address}?${query.applied}`;
    if (query.isCount) return bundle(await this.pointers.count(asked), self, []);
    const { found, total, more } = await this.find(query, asked);
    // a merged patient's pointers stand under more than one number, and whoever looks into accesses asks by either
    for (const other of new Set(found.map(({ nhs_number }) => nhs_number))) if (other !== nhsNumber) trail.open(other);
    const last = more ? found.at(-1) : undefined;
    return bundle(total, self, found, last && `${self}&next-page-token=${tokenOfPlace(last)}`);
  }

  private async find({ pageSize, after }: PointerQuery, asked: Asked): Promise<{ found: Found[]; total: number; more: boolean }> {
    if (pageSize === undefined && !after) {
      const found = await this.pointers.all(asked);
      if (found.length <= LARGEST_PAGE) return { found, total: found.length, more: false };
    }
    const [total, page] = await Promise.all([this.pointers.count(asked), this.pointers.page(asked, pageSize, after)]);
    return { total, ...page };
  }
}

function bundle(total: number, self: string, found: readonly Found[], next?: string): string {
  const link = [{ relation: 'self', url: self }, ...(next === undefined ? [] : [{ relation: 'next', url: next }])];
  const head = `{"resourceType":"Bundle","type":"searchset","total":${total},"link":${JSON.stringify(link)}`;
  return found.length === 0 ? `${head}}` : `${head},"entry":[${found.map(({ record }) => `{"resource":${record}}`).join(',')}]}`;
}
