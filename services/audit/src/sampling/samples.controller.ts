import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { Access, Caller, Trail, type AccessTrail, type Principal } from '@carespine/access-control';
import { Interaction } from '@carespine/contracts';
import { Fault } from '@carespine/fhir';
import { day, pageOf } from '../alerts/alert-list';
import { officers } from '../alerts/officers';
import { RULE_NAMES } from '../alerts/rules';
import { isUuid } from '../parameters';
import { invalid, membersOf, missing, oneOf, parametersOf, text } from '../request-body';
import { Samples, type Sample } from './samples.service';

const LONGEST_PERIOD_DAYS = 366;

/** Samples that an organisation's procedure asks for. */
@Controller('audit/v1/samples')
export class SamplesController {
  constructor(private readonly samples: Samples) {}

  @Post()
  @HttpCode(201)
  @Access(officers('Draw a sample of alerts', Interaction.CREATE))
  draw(@Body() body: unknown, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<Sample> {
    trail.purpose = 'HOPERAT';
    const given = membersOf(body, ['from', 'to', 'seed']);
    for (const name of ['from', 'to']) if (given[name] === undefined) throw missing(name);
    const [from, to] = [day(given['from'], 'from'), day(given['to'], 'to')];
    if (from > to) throw invalid('to', 'not before from');
    if (Date.parse(to) - Date.parse(from) >= LONGEST_PERIOD_DAYS * 86_400_000) throw invalid('from', `at most ${LONGEST_PERIOD_DAYS} days before to`);
    return this.samples.draw(who, { from, to, ...(given['seed'] !== undefined && { seed: text(given['seed'], 'seed', 100) }) });
  }

  @Get()
  @Access(officers('List samples of alerts', Interaction.SEARCH_TYPE))
  list(@Query() parameters: Record<string, unknown>, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<{ samples: Sample[]; next?: string }> {
    trail.purpose = 'HOPERAT';
    const page = pageOf(parametersOf(parameters, ['_count', '_page']));
    if (page.after && !isUuid(page.after.key)) throw invalid('_page', 'as an earlier answer gave it');
    return this.samples.list(who, page);
  }

  @Get(':id')
  @Access(officers('Read a sample of alerts', Interaction.READ))
  read(@Param('id') id: string, @Query() parameters: Record<string, unknown>, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<Sample> {
    trail.purpose = 'HOPERAT';
    parametersOf(parameters, []);
    return this.samples.read(who, required(id, trail));
  }

  @Post(':id/close-rest')
  @HttpCode(200)
  @Access(officers('Close the rest of a sample', Interaction.UPDATE))
  closeRest(@Param('id') id: string, @Body() body: unknown, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<Sample> {
    trail.purpose = 'HOPERAT';
    const { rule, note } = membersOf(body, ['rule', 'note']);
    return this.samples.closeRest(who, required(id, trail), oneOf(rule, 'rule', RULE_NAMES), text(note, 'note', 4000));
  }
}

/** @throws Fault RESOURCE_NOT_FOUND */
function required(id: string, trail: AccessTrail): string {
  if (!isUuid(id)) throw new Fault('RESOURCE_NOT_FOUND');
  trail.resourceId = id;
  return id;
}
