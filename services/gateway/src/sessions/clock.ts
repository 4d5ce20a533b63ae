import { Injectable } from '@nestjs/common';

/** The time, as everything that ends by itself asks for it. */
@Injectable()
export class Clock {
  nowMs(): number {
    return Date.now();
  }
}
