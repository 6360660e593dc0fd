using System.CommandLine;

namespace FederatedClinicalMl.Cli.Privacy;

/// <summary><c>fcml privacy ...</c>: what differential privacy costs, and whether it is kept; needs no coordinator.</summary>
internal static class PrivacyCommand
{
    public static Command Create() => new Verb("privacy", "Plan what a study may spend of the patients' privacy, and audit what is claimed. Needs no coordinator.") { PlanVerb.Create(), AuditVerb.Create() };
}
