import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { Access } from '@carespine/access-control';
import type { FastifyReply } from 'fastify';
import { ApiRefused, type Onward, OnwardHeaders, referenceIn } from '../apis/api-client';
import { PolicyApi } from '../apis/policy-api';
import { checkForm, dateIn, dateValues, presentForm, readForm, type Errors, type Field, type Values } from '../forms/form';
import { CAN_SEE_ALERTS } from '../pages/navigation';
import { Pages } from '../pages/pages';
import { londonDate } from '../pages/words';
import { describeSample, nextPeriod, sampleDue } from './sample-view';

const DRAW: readonly Field[] = [
  { name: 'from', label: 'Alerts raised from', kind: 'date', required: 'Enter the first date' },
  { name: 'to', label: 'To', kind: 'date', required: 'Enter the last date' },
  { name: 'seed', label: 'Seed', hint: 'Optional, to draw again what was drawn before. After such a draw the rest cannot be closed', kind: 'text', width: 20, maxLength: 64 },
];
const REST: readonly Field[] = [
  { name: 'rule', label: 'Which alerts', kind: 'radios', required: 'Select which alerts' },
  {
    name: 'note',
    label: 'What you found in the sample',
    hint: 'It is kept with every alert that is closed so',
    kind: 'textarea',
    maxLength: 2000,
    required: 'Enter what you found in the sample',
  },
];

/** Samples of alerts, drawn by the organisation's procedure. */
@Controller('/desk/samples')
export class SamplesController {
  constructor(
    private readonly pages: Pages,
    private readonly policies: PolicyApi,
  ) {}

  @Access({ permission: CAN_SEE_ALERTS })
  @Get()
  async list(@OnwardHeaders() onward: Onward, @Res() reply: FastifyReply): Promise<void> {
    await this.showList(reply, onward);
  }

  @Access({ permission: CAN_SEE_ALERTS })
  @Post()
  @HttpCode(200)
  async draw(@OnwardHeaders() onward: Onward, @Body() body: unknown, @Res() reply: FastifyReply): Promise<void> {
    const values = readForm(DRAW, body);
    const errors = checkForm(DRAW, values);
    const [from, to] = [dateIn(values, 'from') ?? '', dateIn(values, 'to') ?? ''];
    if (from && to && to < from) errors.to ??= 'The last date must be the same as or after the first date';
    if (to && to > londonDate(new Date())) errors.to ??= 'The last date must be today or in the past';
    if (Object.keys(errors).length > 0) return this.showList(reply, onward, values, errors);
    try {
      const { id } = await this.policies.draw(onward, { from, to, ...(values.seed && { seed: values.seed }) });
      this.pages.seeOther(reply, `/desk/samples/${id}`);
    } catch (error) {
      if (!(error instanceof ApiRefused) || ![400, 409, 422].includes(error.status)) throw error;
      await this.showList(reply, onward, values, { draw: refusedDraw(error) });
    }
  }

  @Access({ permission: CAN_SEE_ALERTS })
  @Get(':id')
  async show(@OnwardHeaders() onward: Onward, @Param('id') id: string, @Query('closed') closed: unknown, @Res() reply: FastifyReply): Promise<void> {
    await this.showSample(reply, onward, referenceIn(id), {}, {}, closed === 'yes');
  }

  @Access({ permission: CAN_SEE_ALERTS })
  @Post(':id')
  @HttpCode(200)
  async closeRest(@OnwardHeaders() onward: Onward, @Param('id') id: string, @Body() body: unknown, @Res() reply: FastifyReply): Promise<void> {
    const values = readForm(REST, body);
    const errors = checkForm(REST, values);
    if (Object.keys(errors).length > 0) return this.showSample(reply, onward, referenceIn(id), values, errors);
    try {
      await this.policies.closeRest(onward, referenceIn(id), values.rule ?? '', values.note ?? '');
    } catch (error) {
      if (!(error instanceof ApiRefused) || ![400, 409, 422].includes(error.status)) throw error;
      return this.showSample(reply, onward, id, values, { rest: CANNOT_CLOSE });
    }
    this.pages.seeOther(reply, `/desk/samples/${id}?closed=yes`);
  }

  private async showList(reply: FastifyReply, onward: Onward, values?: Values, errors: Errors = {}): Promise<void> {
    const [procedure, samples] = await Promise.all([this.policies.read(onward), this.policies.samples(onward)]);
    const today = londonDate(new Date());
    const next = nextPeriod(procedure, samples, today);
    const form = presentForm(DRAW, values ?? { ...dateValues('from', next.from), ...dateValues('to', next.to) }, errors);
    this.pages.show(
      reply,
      'samples/list',
      { form, due: sampleDue(procedure, samples, today), samples: samples.map(describeSample) },
      form.errors.length > 0 ? 400 : 200,
    );
  }

  private async showSample(reply: FastifyReply, onward: Onward, id: string, values: Values, errors: Errors, closed = false): Promise<void> {
    const sample = describeSample(await this.policies.sample(onward, id));
    const done = sample.rules.filter(({ isDone, left }) => isDone && left > 0);
    const options = done.map(({ rule, title, left }) => ({ value: rule, text: title, hint: `${left} others` }));
    const form = presentForm(REST.map((field) => (field.name === 'rule' ? { ...field, options } : field)), values, errors);
    this.pages.show(reply, 'samples/sample', { ...sample, canClose: done.length > 0, form, closed }, form.errors.length > 0 ? 400 : 200);
  }
}

const CANNOT_CLOSE =
  'The rest cannot be closed. Every drawn alert of this kind has to be checked and appropriate, and the draw has to be the first of these days, without a seed of yours';

const refusedDraw = ({ status }: ApiRefused): string =>
  status === 400 ? 'The sample could not be drawn with these answers. Check each of them' : 'No sample can be drawn of these days: there are no alerts to draw from';
