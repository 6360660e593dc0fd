using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>Paths of the dashboard that more than one place names.</summary>
internal static class Routes
{
    public const string SignIn = "/sign-in";
    public const string SignOut = "/sign-out";
    public const string Assets = "/assets/{file}";
    public const string Live = "/_blazor"; // the framework's own: a live page's connection
    public const string Alerts = "/alerts";
    public const string AuditExport = "/audit/export";

    public static string Run(string run) => $"/runs/{run}";

    public static string Study(string digest) => $"/studies/{digest}";

    public static string Line(string name) => $"/models/lines/{Uri.EscapeDataString(name)}";

    public static string Monitoring(string name, ModelVersion? version = null) => $"{Line(name)}/monitoring{(version is { } one ? $"?version={one}" : "")}";

    public static string Model(string digest) => $"/models/{digest}";
}
