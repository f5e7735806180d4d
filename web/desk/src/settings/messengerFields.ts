/**
 * The webhook fields of Meta to which a page has to be subscribed. The live test of an account demands the same
 * (crates/channels/src/messenger/account_test.rs) and README.md lists them; a test holds the three together.
 */
export const MESSENGER_FIELDS = [
  'messages',
  'message_echoes',
  'message_deliveries',
  'message_reads',
  'messaging_postbacks',
  'message_reactions',
  'message_edits',
  'messaging_optins',
  'messaging_referrals',
  'messaging_handovers',
  'standby',
] as const
