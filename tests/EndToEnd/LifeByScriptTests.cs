using FederatedClinicalMl.Protos.Federation;

namespace FederatedClinicalMl.Tests.EndToEnd;

/// <summary>The life of a model, decided by fcml.</summary>
public sealed class LifeByScriptTests(ServingFederation fixture) : LifeTests(fixture), IClassFixture<ServingFederation>
{
    private protected override async Task SeeToAsync(AlertSummary alert, IncidentSummary incident)
    {
        await RunAsync(Federation.AdminIdentity, "alerts", "acknowledge", $"{alert.Number}", "--reason", "Calling the site");
        await RunAsync(Federation.AdminIdentity, "incidents", "close", $"{incident.Number}", "--reason", "Rolled back");
    }

    private protected override Task ApproveAsync(ProposalSummary proposal, string reason) => RunAsync(Federation.AdminIdentity, "proposals", "approve", $"{proposal.Number}", "--reason", reason);
}
