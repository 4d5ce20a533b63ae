import { Body, Controller, Get, HttpCode, Post, Query, Res } from '@nestjs/common';
import { Access } from '@carespine/access-control';
import type { FastifyReply } from 'fastify';
import { ApiRefused, OnwardHeaders, type Onward } from '../apis/api-client';
import { PolicyApi, type Policy, type PolicyChange } from '../apis/policy-api';
import { carriedNumber, presentForm, readForm, type Errors, type Values } from '../forms/form';
import { CAN_REPORT } from '../pages/navigation';
import { Pages } from '../pages/pages';
import { momentInWords } from '../pages/words';
import { checkPolicy, differences, inputOfElement, policyFields, policyOf, policyValues } from './policy-form';

/** How an organisation checks its alerts, and when they are raised. */
@Controller('/desk/policy')
export class PolicyController {
  constructor(
    private readonly pages: Pages,
    private readonly policies: PolicyApi,
  ) {}

  @Access({ permission: CAN_REPORT })
  @Get()
  async form(@OnwardHeaders() onward: Onward, @Query('saved') saved: unknown, @Res() reply: FastifyReply): Promise<void> {
    const policy = await this.policies.read(onward);
    await this.show(reply, onward, policy, policyValues(policy), { saved: saved === 'yes' });
  }

  @Access({ permission: CAN_REPORT })
  @Post()
  @HttpCode(200)
  async save(@OnwardHeaders() onward: Onward, @Body() body: unknown, @Res() reply: FastifyReply): Promise<void> {
    const policy = await this.policies.read(onward);
    const fields = policyFields(policy);
    const values = readForm(fields, body);
    const version = carriedNumber(body, 'version', policy.version);
    const errors = checkPolicy(fields, values);
    if (Object.keys(errors).length > 0) return this.show(reply, onward, policy, values, { errors, version });
    try {
      await this.policies.save(onward, policyOf(policy, values, version));
    } catch (error) {
      if (!(error instanceof ApiRefused) || ![400, 409, 412].includes(error.status)) throw error;
      if (error.status !== 400) return this.show(reply, onward, await this.policies.read(onward), values, { since: version });
      const input = inputOfElement(error.element);
      const known = fields.some(({ name }) => name === input);
      return this.show(reply, onward, policy, values, { errors: { [known ? input : 'policy']: 'Check this answer: it was not accepted' }, version });
    }
    this.pages.seeOther(reply, '/desk/policy?saved=yes');
  }

  /** @param more `since`: the version that the form showed, where somebody else has written another meanwhile */
  private async show(
    reply: FastifyReply,
    onward: Onward,
    policy: Policy,
    values: Values,
    { errors = {}, version = policy.version, since, saved }: { errors?: Errors; version?: number; since?: number; saved?: boolean } = {},
  ): Promise<void> {
    const form = presentForm(policyFields(policy), values, errors);
    const changes = await this.policies.history(onward).catch(() => []);
    const history = describeChanges(changes);
    const status = since !== undefined ? 409 : form.errors.length > 0 ? 400 : 200;
    const meanwhile = since === undefined ? [] : history.filter((change) => change.version > since);
    this.pages.show(reply, 'policy/form', { form, version, history: history.slice(0, 20), meanwhile, moved: since !== undefined, saved }, status);
  }
}

/** Each change with what it changed; of the first one written nothing is known of what was before. */
function describeChanges(changes: PolicyChange[]) {
  return changes.map(({ version, at, by, policy }, index) => {
    const before = changes[index + 1]?.policy;
    const { date, time } = momentInWords(at);
    return { version, when: `${date}, ${time}`, who: by.name, changed: before ? differences(policy, before) : ['The first procedure of your own'] };
  });
}
