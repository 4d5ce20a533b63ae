import { Module } from '@nestjs/common';
import { StaffRegister } from './staff-register.service';

@Module({ providers: [StaffRegister], exports: [StaffRegister] })
export class StaffModule {}
