namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>Paths of the console, below <see cref="ConsoleAddress.Base"/>, as documents with a base name them: without a slash before.</summary>
internal static class Routes
{
    public const string SignIn = "sign-in";
    public const string SignOut = "sign-out";
    public const string Changes = "changes";
    public const string Members = "members";
    public const string Left = "left";
    public const string Ledger = "ledger";
    public const string Data = "data";
    public const string Drift = "drift";
    public const string Models = "models";

    public static string Release(string step) => $"{Left}/{Uri.EscapeDataString(step)}";

    public static string Study(string digest) => $"studies/{digest}";

    public static string Preview(string digest) => $"studies/{digest}/preview";

    public static string Profile(string digest) => $"studies/{digest}/profile";

    public static string Quality(string dataset) => $"quality/{Uri.EscapeDataString(dataset)}";

    public static string Mapping(string dataset) => $"mappings/{Uri.EscapeDataString(dataset)}";
}
