using System.Text.Encodings.Web;
using System.Text.Json;
using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.Cli.Synth;

/// <summary>What is known of the hospitals because they were made: <c>truth.json</c> and <c>planted.json</c>.</summary>
internal static class Reports
{
    private static readonly JsonWriterOptions s_options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" };

    public static void Write(string folder, SynthOptions options, IReadOnlyList<MadeSite> sites)
    {
        using (var json = Open(folder, "truth.json"))
            WriteTruth(json, options, sites);
        using (var json = Open(folder, "planted.json"))
            WritePlanted(json, options, sites);
    }

    private static Utf8JsonWriter Open(string folder, string name)
    {
        var json = new Utf8JsonWriter(new FileStream(Path.Combine(folder, name), FileMode.CreateNew), s_options);
        json.WriteStartObject();
        return json;
    }

    private static void WriteTruth(Utf8JsonWriter json, SynthOptions options, IReadOnlyList<MadeSite> sites)
    {
        json.WriteNumber("seed", options.Seed);
        json.WriteString("outcome", $"{Codes.HeartFailure.System}|{Codes.HeartFailure.Code} begins within {Course.HorizonDays} days after the end of the first stay (IMP)");
        json.WriteStartArray("logit");
        foreach (var (term, coefficient, _) in RiskModel.Terms)
        {
            json.WriteStartObject();
            json.WriteString("term", term);
            json.WriteNumber("coefficient", coefficient);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("sites");
        foreach (var site in sites)
        {
            json.WriteStartObject();
            json.WriteString("site", site.Hospital.Name);
            WriteBest(json, BestAuroc.Of(site.Rows));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("pooled");
        WriteBest(json, BestAuroc.Of([.. sites.SelectMany(site => site.Rows)]));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteBest(Utf8JsonWriter json, BestAuroc best)
    {
        json.WriteNumber("rows", best.Rows);
        json.WriteNumber("positives", best.Positives);
        json.WriteStartObject("bestAuroc");
        WriteNumber(json, "expected", best.Expected);
        WriteNumber(json, "drawn", best.Drawn?.Value);
        WriteNumber(json, "low", best.Drawn?.Low);
        WriteNumber(json, "high", best.Drawn?.High);
        json.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double? number)
    {
        if (number is { } known)
            json.WriteNumber(name, known);
        else
            json.WriteNull(name);
    }

    private static void WritePlanted(Utf8JsonWriter json, SynthOptions options, IReadOnlyList<MadeSite> sites)
    {
        json.WriteNumber("seed", options.Seed);
        json.WriteStartArray("faults");
        foreach (var site in sites.Where(site => site.Planted.Count > 0))
        {
            foreach (var (fault, records) in site.Planted)
                WriteFault(json, site.Hospital.Name, fault, records);
        }

        json.WriteEndArray();
        json.WriteStartArray("drift");
        foreach (var site in sites)
        {
            if (site.Hospital.Drift is not { } drift)
                continue;
            WriteChange(json, site, drift, Codes.Creatinine, $"another assay: results are multiplied by {Drift.CreatinineFactor}");
            WriteChange(json, site, drift, Codes.LungDisease, $"prevalence among patients whose stay begins from then on: logit + {Drift.LungDiseaseLogit}");
            WriteChange(json, site, drift, Codes.Cholesterol, $"missing more often: the probability of a test is multiplied by {Drift.CholesterolTesting}");
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteFault(Utf8JsonWriter json, string site, string fault, List<string> records)
    {
        json.WriteStartObject();
        json.WriteString("site", site);
        json.WriteString("fault", fault);
        json.WriteString("meaning", FaultPlanter.Kinds.FirstOrDefault(kind => kind.Name == fault)?.Meaning ?? "a patient twice, with all records, under two pseudonyms");
        json.WriteStartArray("records");
        foreach (var record in records)
            json.WriteStringValue(record);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteChange(Utf8JsonWriter json, MadeSite site, Drift drift, SynthCode code, string change)
    {
        json.WriteStartObject();
        json.WriteString("site", site.Hospital.Name);
        json.WriteString("from", drift.From.ToString("yyyy-MM-dd"));
        json.WriteString("system", code.System);
        json.WriteString("code", code.Code);
        json.WriteString("change", change);
        json.WriteEndObject();
    }
}
