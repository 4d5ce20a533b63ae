import { Controller, Get, Param } from '@nestjs/common';
import { Public } from '@carespine/access-control';
import { Fault } from '@carespine/fhir';
import { People, type UserInfo } from './people';

/** Stands in for the national staff directory: tells the roles of a user without a sign-in, as for exchanged tokens. */
@Controller('directory')
export class DirectoryController {
  constructor(private readonly people: People) {}

  /** Everything that userinfo would say about a person with all scopes. */
  @Get('users/:sub')
  @Public('reached inside the platform only; the people are invented')
  user(@Param('sub') sub: string): UserInfo {
    const person = this.people.find(sub);
    if (!person) throw new Fault('RESOURCE_NOT_FOUND', { diagnostics: 'No user has this id' });
    return this.people.userInfo(person);
  }
}
