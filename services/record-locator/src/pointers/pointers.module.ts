import { Module } from '@nestjs/common';
import { PointerRegister } from './pointer-register.service';

@Module({ providers: [PointerRegister], exports: [PointerRegister] })
export class PointersModule {}
