import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { Access, Caller, Trail, type AccessTrail, type Principal } from '@carespine/access-control';
import { Interaction } from '@carespine/contracts';
import { Fault } from '@carespine/fhir';
import { londonDay } from '../london';
import { invalid, parametersOf } from '../request-body';
import type { Alert } from './alert';
import { AlertDesk, type AlertPage, type Statistics } from './alert-desk.service';
import { parseAlertQuery, periodOf } from './alert-list';
import { officers } from './officers';
import { isReference } from './raising';
import { parseStep } from './steps';

const DAY_MS = 86_400_000;
const LONGEST_STATISTICS_DAYS = 366;

/** Alerts, for privacy officers and Caldicott Guardians, within their own organisation. */
@Controller('audit/v1/alerts')
export class AlertsController {
  constructor(private readonly desk: AlertDesk) {}

  @Get()
  @Access(officers('List alerts', Interaction.SEARCH_TYPE))
  list(@Query() parameters: Record<string, unknown>, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<AlertPage> {
    trail.purpose = 'HOPERAT';
    return this.desk.list(who, parseAlertQuery(parameters, who));
  }

  @Get('statistics')
  @Access(officers('Read alert statistics', Interaction.READ))
  statistics(@Query() parameters: Record<string, unknown>, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<Statistics> {
    trail.purpose = 'HOPERAT';
    const given = periodOf(parametersOf(parameters, ['from', 'to']));
    const to = given.to ?? londonDay(new Date());
    const from = given.from ?? londonDay(new Date(Date.parse(to) - 29 * DAY_MS));
    if (from > to) throw invalid('from', 'not after to');
    if ((Date.parse(to) - Date.parse(from)) / DAY_MS >= LONGEST_STATISTICS_DAYS) throw invalid('from', `at most ${LONGEST_STATISTICS_DAYS} days before to`);
    return this.desk.statistics(who, { from, to });
  }

  @Get(':reference')
  @Access(officers('Read alert', Interaction.READ))
  async read(@Param('reference') reference: string, @Query() parameters: Record<string, unknown>, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<Alert> {
    trail.purpose = 'HOPERAT';
    parametersOf(parameters, []);
    return opened(await this.desk.read(who, required(reference, trail)), trail);
  }

  @Post(':reference/steps')
  @HttpCode(200)
  @Access(officers('Take a step on an alert', Interaction.UPDATE))
  async step(@Param('reference') reference: string, @Body() body: unknown, @Caller() who: Principal, @Trail() trail: AccessTrail): Promise<Alert> {
    trail.purpose = 'HOPERAT';
    return opened(await this.desk.take(who, required(reference, trail), parseStep(body)), trail);
  }
}

/** @throws Fault RESOURCE_NOT_FOUND */
function required(reference: string, trail: AccessTrail): string {
  if (!isReference(reference)) throw new Fault('RESOURCE_NOT_FOUND');
  trail.resourceId = reference;
  return reference;
}

function opened(alert: Alert, trail: AccessTrail): Alert {
  if (alert.patient) trail.open(alert.patient.nhsNumber);
  return alert;
}
