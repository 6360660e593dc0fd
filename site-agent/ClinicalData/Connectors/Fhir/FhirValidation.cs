using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Hl7.Fhir.Model;
using Hl7.Fhir.Serialization;
using Hl7.Fhir.Utility;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>One way in which a resource is not what FHIR R4 asks for.</summary>
/// <param name="Path">Where: element names of FHIR and positions, e.g. <c>Patient.name[0].family</c>. What the resource calls something that FHIR does not have is <c>?</c>.</param>
/// <param name="Kind">What, as a code of FHIR's issue types: <c>structure</c>, <c>value</c>, <c>required</c>, ... (https://hl7.org/fhir/R4/valueset-issue-type.html).</param>
public sealed record FhirIssue(string Path, string Kind);

/// <summary>
/// Holds one resource against the base definitions of FHIR R4, by Firely's SDK: for the steward who asks why a line was refused. No value of the resource is in what it
/// says. Many times slower than the import, which does not use it.
/// </summary>
public static class FhirValidation
{
    private static readonly ImmutableHashSet<string> s_names =
        [.. ModelInfo.ModelInspector.ClassMappings.SelectMany(type => type.PropertyMappings.Select(element => element.Name).Append(type.Name))];

    /// <summary>What is wrong with a resource; empty: nothing.</summary>
    /// <param name="json">The resource's JSON, UTF-8.</param>
    public static ImmutableArray<FhirIssue> Check(ReadOnlySpan<byte> json)
    {
        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(json);
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object ? Check(text) : [new FhirIssue("", "structure")];
        }
        catch (Exception error) when (error is JsonException or DecoderFallbackException)
        {
            return [new FhirIssue("", "structure")];
        }
        catch (Exception error) when (error is InvalidOperationException or IndexOutOfRangeException or CodedException)
        {
            // What the SDK stumbles over instead of reporting it: an empty name, an object where an array must be.
            return [new FhirIssue("", "exception")];
        }
    }

    private static ImmutableArray<FhirIssue> Check(string json)
    {
        new FhirJsonDeserializer().TryDeserializeResource(json, out _, out var issues);
        return [.. issues.Select(issue => issue is ExtendedCodedException coded
            ? new FhirIssue(Known(coded.InstancePath ?? ""), coded.IssueType.GetLiteral() ?? "invalid")
            : new FhirIssue("", "invalid")).Distinct()];
    }

    // A property that FHIR does not have may be called anything, also after a patient.
    private static string Known(string path) => string.Join('.', path.Split('.').Select(part =>
    {
        var bracket = part.IndexOf('[', StringComparison.Ordinal);
        var (name, position) = bracket < 0 ? (part, "") : (part[..bracket], part[bracket..]);
        return name == "$this" ? "" : s_names.Contains(name) && position.All(mark => char.IsAsciiDigit(mark) || mark is '[' or ']') ? part : "?";
    }));
}
