import { Module } from '@nestjs/common';
import { FeedController } from './feed.controller';
import { SupplierFeed } from './supplier-feed';

@Module({ controllers: [FeedController], providers: [SupplierFeed] })
export class FeedModule {}
