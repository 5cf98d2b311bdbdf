//! Twitter/X webhooks and Redis.
