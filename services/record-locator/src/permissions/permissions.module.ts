import { Module } from '@nestjs/common';
import { PermissionsController } from './permissions.controller';
import { Permissions } from './permissions.service';

@Module({ controllers: [PermissionsController], providers: [Permissions], exports: [Permissions] })
export class PermissionsModule {}
