using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>Reads an export of events in <c>datasets.yaml</c>.</summary>
internal static partial class EventDatasetReader
{
    private const string EncounterEnd = "encounter-end";

    /// <summary>Reads the keys of a format; null where one has a fault.</summary>
    public static EventDataset? Read(YamlFields fields, string path, string folder, string format)
    {
        var until = KeepUntil(fields);
        var dataset = ReadFormat(fields, path, folder, format);
        return dataset is null ? null : dataset with { KeepUntil = until };
    }

    private static EventDataset? ReadFormat(YamlFields fields, string path, string folder, string format)
    {
        var zone = Zone(fields);
        var mapping = fields.Has("mapping") ? Path.GetFullPath(fields.Text("mapping"), folder) : null;
        switch (format)
        {
            case "fhir":
                fields.End("path", "format", "time-zone", "population", "keep-until", "mapping");
                return new FhirDataset(path, zone, mapping);
            case "omop":
                var options = Omop(fields);
                fields.End("path", "format", "time-zone", "population", "keep-until", "mapping", "cdm-version", "availability");
                return new OmopDataset(path, zone, mapping, options);
            case "events":
                var columns = Path.GetFullPath(fields.Text("event-mapping"), folder);
                fields.End("path", "format", "time-zone", "population", "keep-until", "mapping", "event-mapping");
                return new MappedDataset(path, zone, mapping, columns);
            default:
                return null; // reported
        }
    }

    private static DateOnly? KeepUntil(YamlFields fields)
    {
        if (!fields.Has("keep-until"))
            return null;
        if (DateOnly.TryParseExact(fields.Text("keep-until"), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            return day;
        fields.Refuse("keep-until", "must be a day, such as 2031-12-31");
        return null;
    }

    private static TimeZoneInfo Zone(YamlFields fields)
    {
        var name = fields.Text("time-zone");
        if (name.Length == 0 || TimeZoneInfo.TryFindSystemTimeZoneById(name, out _))
            return name.Length == 0 ? TimeZoneInfo.Utc : TimeZoneInfo.FindSystemTimeZoneById(name);
        fields.Refuse("time-zone", "must be a time zone that this machine knows, such as UTC or Europe/Berlin");
        return TimeZoneInfo.Utc;
    }

    private static OmopOptions Omop(YamlFields fields)
    {
        OmopVersion? version = !fields.Has("cdm-version") ? null
            : fields.Word("cdm-version", word => word is "5.3" or "5.4", "\"5.3\" or \"5.4\"") == "5.4" ? OmopVersion.V54 : OmopVersion.V53;
        var rules = ImmutableDictionary.CreateBuilder<string, AvailabilityRule>(StringComparer.Ordinal);
        if (fields.Has("availability") && fields.Map("availability") is { } available)
        {
            foreach (var table in OmopSource.TablesWithAvailability.Where(available.Has))
            {
                var word = available.Word(table, word => word == EncounterEnd || LagPattern().IsMatch(word), $"a time after the event, such as 0h, 90m, 2h or 7d, or {EncounterEnd}");
                if (word.Length > 0)
                    rules[table] = word == EncounterEnd ? AvailabilityRule.EncounterEnd : AvailabilityRule.After(Lag(word));
            }

            available.End([.. OmopSource.TablesWithAvailability]);
        }

        return new OmopOptions(version, rules.ToImmutable());
    }

    private static TimeSpan Lag(string word)
    {
        var number = int.Parse(word.AsSpan(0, word.Length - 1), CultureInfo.InvariantCulture);
        return word[^1] switch { 'd' => TimeSpan.FromDays(number), 'h' => TimeSpan.FromHours(number), _ => TimeSpan.FromMinutes(number) };
    }

    [GeneratedRegex(@"\A[0-9]{1,5}[mhd]\z", RegexOptions.CultureInvariant)]
    private static partial Regex LagPattern();
}
