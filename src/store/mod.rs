//! One store, two dialects: connection, read, write, schema, migrations, outbox.
