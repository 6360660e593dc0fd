using System.Globalization;

namespace FederatedClinicalMl.Studies;

/// <summary>How studies refer to a definition: <c>name@version</c>.</summary>
internal static class FeatureReference
{
    public static TextShape Shape { get; } = new("[a-z][a-z0-9-]*@[1-9][0-9]{0,8}", 72, "name@version, e.g. hba1c-last@1");

    public static string Write(string name, int version) => string.Create(CultureInfo.InvariantCulture, $"{name}@{version}");
}
