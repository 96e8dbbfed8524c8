//! The names of the scopes that exist (workspace-integrations 2.3 and 18, features 1, oauth 5).
//!
//! Webex adds scopes without notice, so a name that is missing here is a reason to look twice, never proof
//! of a mistake: a manifest is accepted with it.

/// Every scope that we have seen documented or in use, sorted by bytes.
pub const KNOWN: &[&str] = &[
    "Identity:one_time_password",
    "application:webhooks_read",
    "application:webhooks_write",
    "audit:events_read",
    "identity:groups_read",
    "identity:groups_rw",
    "identity:one_time_password",
    "identity:people_read",
    "identity:people_rw",
    "identity:placeonetimepassword_create",
    "identity:tokens_read",
    "identity:tokens_write",
    "meeting:admin_config_read",
    "meeting:admin_config_write",
    "meeting:admin_participants_read",
    "meeting:admin_preferences_read",
    "meeting:admin_preferences_write",
    "meeting:admin_recordings_read",
    "meeting:admin_recordings_write",
    "meeting:admin_schedule_read",
    "meeting:admin_schedule_write",
    "meeting:admin_transcripts_read",
    "meeting:controls_read",
    "meeting:controls_write",
    "meeting:participants_read",
    "meeting:participants_write",
    "meeting:preferences_read",
    "meeting:preferences_write",
    "meeting:recordings_read",
    "meeting:recordings_write",
    "meeting:schedules_read",
    "meeting:schedules_write",
    "meeting:transcripts_read",
    "spark-admin:broadworks_enterprises_read",
    "spark-admin:broadworks_enterprises_write",
    "spark-admin:broadworks_subscribers_read",
    "spark-admin:broadworks_subscribers_write",
    "spark-admin:call_qualities_read",
    "spark-admin:calls_read",
    "spark-admin:calls_write",
    "spark-admin:device_read",
    "spark-admin:devices_digital_signage",
    "spark-admin:devices_pwa",
    "spark-admin:devices_pwa_jsxapi",
    "spark-admin:devices_read",
    "spark-admin:devices_write",
    "spark-admin:hybrid_clusters_read",
    "spark-admin:hybrid_connectors_read",
    "spark-admin:licenses_read",
    "spark-admin:locations_read",
    "spark-admin:locations_write",
    "spark-admin:messages_write",
    "spark-admin:organizations-write",
    "spark-admin:organizations_read",
    "spark-admin:organizations_write",
    "spark-admin:people_read",
    "spark-admin:people_write",
    "spark-admin:places_read",
    "spark-admin:places_write",
    "spark-admin:recordings_read",
    "spark-admin:recordings_write",
    "spark-admin:resource_group_memberships_read",
    "spark-admin:resource_group_memberships_write",
    "spark-admin:resource_groups_read",
    "spark-admin:roles_read",
    "spark-admin:telephony_config_read",
    "spark-admin:telephony_config_write",
    "spark-admin:telephony_pstn_read",
    "spark-admin:telephony_pstn_write",
    "spark-admin:wholesale_billing_reports_read",
    "spark-admin:wholesale_billing_reports_write",
    "spark-admin:wholesale_customers_read",
    "spark-admin:wholesale_customers_write",
    "spark-admin:wholesale_subscribers_read",
    "spark-admin:wholesale_subscribers_write",
    "spark-admin:workspace_locations_read",
    "spark-admin:workspace_locations_write",
    "spark-admin:workspace_metrics_read",
    "spark-admin:workspaces_read",
    "spark-admin:workspaces_write",
    "spark-compliance:events_read",
    "spark-compliance:meetings_read",
    "spark-compliance:meetings_write",
    "spark-compliance:memberships_read",
    "spark-compliance:memberships_write",
    "spark-compliance:messages_read",
    "spark-compliance:messages_write",
    "spark-compliance:recordings_read",
    "spark-compliance:recordings_write",
    "spark-compliance:rooms_read",
    "spark-compliance:rooms_write",
    "spark-compliance:team_memberships_read",
    "spark-compliance:team_memberships_write",
    "spark-compliance:teams_read",
    "spark-compliance:webhooks_read",
    "spark-compliance:webhooks_write",
    "spark:all",
    "spark:applications_token",
    "spark:calls_read",
    "spark:calls_write",
    "spark:devices_read",
    "spark:devices_write",
    "spark:kms",
    "spark:memberships_read",
    "spark:memberships_write",
    "spark:messages_read",
    "spark:messages_write",
    "spark:organizations_read",
    "spark:people_read",
    "spark:places_read",
    "spark:places_write",
    "spark:recordings_read",
    "spark:recordings_write",
    "spark:rooms_read",
    "spark:rooms_write",
    "spark:team_memberships_read",
    "spark:team_memberships_write",
    "spark:teams_read",
    "spark:teams_write",
    "spark:xapi_commands",
    "spark:xapi_statuses",
];

/// Whether the scope is one of [`KNOWN`]. Case counts: `Identity:one_time_password` really has a capital.
pub fn is_known(scope: &str) -> bool {
    KNOWN.binary_search(&scope).is_ok()
}

/// Whether workspace integrations get nothing from this scope: those of analytics, meetings and XSI do not
/// work with them today (workspace-integrations 1).
pub fn is_useless_to_integrations(scope: &str) -> bool {
    scope.starts_with("meeting:") || scope.starts_with("analytics:") || scope == "spark:xsi"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_and_without_twins() {
        assert!(KNOWN.is_sorted_by(|a, b| a < b));
        assert!(KNOWN.iter().all(|scope| is_known(scope)));
        assert!(!is_known("spark:nonsense") && !is_known(""));
    }
}
