namespace FederatedClinicalMl.Tests.Dashboard;

/// <summary>The pages, by a name each, with something on them.</summary>
internal static class SeededPages
{
    public static readonly string[] Names = ["sign-in", "federation", "runs", "run-live", "run-done", "studies", "study", "models", "line", "monitoring", "model", "compare", "quality", "alerts", "runbooks", "audit", "not-allowed"];

    public static string Address(SeededFederation federation, string name)
    {
        var models = federation.Registry.List();
        return new Uri(federation.Coordinator.Dashboard, name switch
        {
            "sign-in" => "/sign-in",
            "federation" => "/",
            "run-live" => $"/runs/{SeededFederation.LiveRun}",
            "run-done" => $"/runs/{SeededFederation.FirstRun}",
            "study" => $"/studies/{SeededFederation.First.Digest}",
            "line" => "/models/lines/heart-disease",
            "monitoring" => "/models/lines/heart-disease/monitoring",
            "model" => $"/models/{models[0].Digest}",
            "compare" => $"/models/compare?before={models[0].Digest}&after={models[1].Digest}",
            "audit" => "/audit?text=heart-disease",
            "not-allowed" => "/nowhere",
            _ => $"/{name}",
        }).AbsoluteUri;
    }
}
