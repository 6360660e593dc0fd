using System.Globalization;
using System.Text;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Benchmarks;

/// <summary>
/// A FHIR bulk export that is made for measuring: a patient with three encounters for every hundred Observations, which stand in the order of patients, as in most exports. A
/// line of an Observation has about 580 bytes.
/// </summary>
internal static class MadeExport
{
    private const int Encounters = 3;
    private static readonly DateTime s_start = new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>Observations of a patient.</summary>
    public const int PerPatient = 100;

    /// <summary>Codes that the Observations have.</summary>
    public const int Codes = 300;

    /// <summary>LOINC's code of one of them.</summary>
    public static string Code(int code) => $"{1000 + code}-{code % 10}";

    /// <summary>Writes an export.</summary>
    /// <param name="folder">Where; made.</param>
    /// <param name="observations">How many.</param>
    public static void Write(string folder, int observations)
    {
        Directory.CreateDirectory(folder);
        var patients = Math.Max(1, observations / PerPatient);
        Write(folder, "Patient", patients, (patient, _) => Patient(patient));
        Write(folder, "Encounter", patients * Encounters, (encounter, _) => Encounter(encounter));
        Write(folder, "Observation", observations, (observation, random) => Observation(observation, (int)((long)observation * patients * Encounters / observations), random));
    }

    private static void Write(string folder, string type, int count, Func<int, DeterministicRandom, string> line)
    {
        var random = DeterministicRandom.Of("benchmarks", type);
        using var file = new StreamWriter(Path.Combine(folder, $"{type}.ndjson"), append: false, new UTF8Encoding(false), bufferSize: 1 << 20);
        for (var i = 0; i < count; i++)
            file.Write(line(i, random) + "\n");
    }

    private static string Patient(int patient) =>
        $$"""{"resourceType":"Patient","id":"{{Id('a', patient)}}","gender":"{{(patient % 2 == 0 ? "male" : "female")}}","birthDate":"{{1930 + (patient % 70)}}-05-17"}""";

    private static string Encounter(int encounter) =>
        $$$"""{"resourceType":"Encounter","id":"{{{Id('e', encounter)}}}","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"}"""
        + $$$""","subject":{"reference":"Patient/{{{Id('a', encounter / Encounters)}}}"}"""
        + $$$""","period":{"start":"{{{Time(encounter % Encounters * 400)}}}","end":"{{{Time((encounter % Encounters * 400) + 99)}}}"}}""";

    private static string Observation(int observation, int encounter, DeterministicRandom random)
    {
        var time = Time((encounter % Encounters * 400) + (random.NextInt(5900) / 60.0));
        return $$$"""{"resourceType":"Observation","id":"{{{Id('b', observation)}}}","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}]"""
            + $$$""","code":{"coding":[{"system":"http://loinc.org","code":"{{{Code(random.NextInt(Codes))}}}"}]}"""
            + $$$""","subject":{"reference":"Patient/{{{Id('a', encounter / Encounters)}}}"},"encounter":{"reference":"Encounter/{{{Id('e', encounter)}}}"}"""
            + $$$""","effectiveDateTime":"{{{time}}}","issued":"{{{time}}}","valueQuantity":"""
            + $$$"""{"value":{{{random.NextInt(20000) / 100m}}},"system":"http://unitsofmeasure.org","code":"mg/dL"}}""";
    }

    private static string Time(double hours) => s_start.AddHours(hours).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Id(char kind, int number) => $"{number * 2654435761u % 4294967291u:x8}-5f6b-4c1d-8e2{kind}-{number:x12}";
}
