"""The contracts as documents for others, made from the code: AsyncAPI, OpenAPI, JSON Schemas, and what may change."""
