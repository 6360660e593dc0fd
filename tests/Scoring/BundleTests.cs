using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.SiteAgent.Scoring;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.ClinicalData;
using FederatedClinicalMl.Tests.ClinicalData.Connectors.Fhir;
using Microsoft.Extensions.DependencyInjection;

namespace FederatedClinicalMl.Tests.Scoring;

public sealed class BundleTests
{
    private static readonly Study s_study = Frozen(ClinicalStudyText.Of("""
        age: {kind: age, range: [0, 120]}
        sex: {kind: sex}
        creatinine: {kind: number, of: [observation], codes: {loinc: ["2160-0"]}, window: {from: 365d, to: 0d}, aggregate: last, unit: mg/dL, plausible: [0.1, 20]}
        visits: {kind: count, of: [encounter], window: {from: 365d, to: 0d}, range: [0, 100]}
        diabetes: {kind: ever, of: [condition], codes: {snomed: ["44054006"]}, window: {from: ever, to: 0d}}
        """, ClinicalStudyText.Cohort.Replace("event: encounter", "event: encounter, occurrence: each, gap: 30d", StringComparison.Ordinal)));

    private static readonly Entry s_entry = Models.Entry(study: s_study);

    private static readonly string[] s_patients = [FhirExport.Patient, "{'resourceType':'Patient','id':'p2','birthDate':'1980-02-29','gender':'male'}"];

    [Fact]
    public async Task Features_of_a_bundle_are_those_of_training_to_the_bit()
    {
        await using var site = await Site.StartAsync(Site.Line(s_entry), [s_entry]);
        var rows = Offline();
        Assert.True(rows.Length >= 4);
        Assert.Contains(rows, row => row.Values.Any(double.IsNaN));
        using var writer = new PredictionWriter(ScoringKey.Open(site.Folder, credentials: null));
        var expected = rows.Select(row => writer.FingerprintOf(s_entry.Model, [.. row.Values.Select(value => (float)value)]).ToString()).ToList();
        foreach (var row in rows)
        {
            var answer = await site.PostAsync("/v1/models/heart/score", new JsonObject { ["patient"] = row.Patient, ["at"] = row.Prediction.ToString(), ["bundle"] = Bundle(row.Patient) });
            Assert.Equal(s_entry.Expected(row.Values)!.Value, answer["score"]!.GetValue<double>(), 1e-6);
        }

        Assert.Equal(expected, (await site.PredictionsAsync()).Select(prediction => prediction.Fingerprint!));
        Assert.Equal(rows.Length, expected.Distinct().Count());
    }

    [Theory]
    [InlineData("""{"resourceType":"Patient"}""", "no FHIR Bundle")]
    [InlineData("""{"resourceType":"Bundle","entry":[]}""", "one Patient")]
    [InlineData("""{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","id":"secret"}},{"resource":{"resourceType":"Patient","id":"secret-2"}}]}""", "one Patient")]
    public async Task Bundle_that_is_not_of_one_patient_is_refused(string bundle, string says)
    {
        await using var site = await Site.StartAsync(Site.Line(s_entry), [s_entry]);
        var refused = (await site.PostAsync("/v1/models/heart/score", new JsonObject { ["patient"] = "p", ["bundle"] = JsonNode.Parse(bundle) }, status: 400)).ToJsonString();
        Assert.Contains(says, refused, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Entry_that_cannot_be_read_is_told_of()
    {
        await using var site = await Site.StartAsync(Site.Line(s_entry), [s_entry]);
        var bundle = Bundle("p1");
        bundle["entry"]!.AsArray().Add(JsonNode.Parse("""{"resource":{"resourceType":"Observation","id":"x"}}"""));
        Assert.Equal(1, (await site.PostAsync("/v1/models/heart/score", new JsonObject { ["patient"] = "p", ["bundle"] = bundle }))["refusedEntries"]!.GetValue<int>());
    }

    [Fact]
    public async Task Discovery_asks_for_what_the_features_are_made_of()
    {
        await using var site = await Site.StartAsync(Site.Line(s_entry), [s_entry]);
        var service = (await site.GetAsync("/cds-services"))["services"]!.AsArray().Single()!.AsObject();

        Assert.Equal(("patient-view", "heart"), (service["hook"]!.GetValue<string>(), service["id"]!.GetValue<string>()));
        Assert.Equal(["conditions", "encounters", "observations", "patient"], service["prefetch"]!.AsObject().Select(item => item.Key));
        Assert.Equal("Observation?patient={{context.patientId}}", service["prefetch"]!["observations"]!.GetValue<string>());
    }

    [Fact]
    public async Task Card_has_the_score_of_the_same_bundle_and_the_log_has_no_identifier_of_the_ehr()
    {
        await using var site = await Site.StartAsync(Site.Line(s_entry), [s_entry]);
        var bundle = Bundle("p1");
        var score = (await site.PostAsync("/v1/models/heart/score", new JsonObject { ["patient"] = "p", ["bundle"] = bundle.DeepClone() }))["score"]!.GetValue<double>();
        var card = await CardAsync(site, new JsonObject { ["all"] = bundle, ["nothing"] = null });

        Assert.StartsWith($"{score * 100:0.0} %", card["summary"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("info", card["indicator"]!.GetValue<string>());
        Assert.Equal("heart 2.0.0", card["source"]!["label"]!.GetValue<string>());
        var logged = (await site.PredictionsAsync())[^1];
        Assert.Equal(64, logged.Patient.Length);
        Assert.Equal(logged.Id, CardIds.PredictionOf(card["uuid"]!.GetValue<string>()));
        await site.PostAsync("/cds-services/heart/feedback", new JsonObject { ["feedback"] = new JsonArray(new JsonObject { ["card"] = card["uuid"]!.DeepClone(), ["outcome"] = "overridden" }) });
        await site.PostAsync("/cds-services/heart/feedback", new JsonObject { ["feedback"] = new JsonArray(new JsonObject { ["card"] = Guid.Empty.ToString(), ["outcome"] = "accepted" }) }, status: 400);
        Assert.Single(Directory.GetFiles(Path.Join(site.Folder.Root, "feedback")));
    }

    [Theory]
    [InlineData(0.01, 0.02, "critical", "call", "Operating point: call, from 2 % on. Call the ward.")]
    [InlineData(0.01, 0.99, "warning", "review", "Operating point: review, from 1 % on.")]
    [InlineData(0.98, 0.99, "info", null, "Model heart, version 2.0.0")]
    public async Task Card_is_as_urgent_as_the_greatest_operating_point_that_the_score_reaches(double review, double call, string indicator, string? point, string says)
    {
        var declared = CanonicalJson.Read(s_study.Canonical.Span)!;
        declared["evaluation"]!["operating-points"] = new JsonArray(
            new JsonObject { ["name"] = "review", ["threshold"] = review, ["indicator"] = "warning" },
            new JsonObject { ["name"] = "call", ["threshold"] = call, ["indicator"] = "critical", ["meaning"] = "Call the ward." });
        var entry = Models.Entry(study: Frozen(StudyChecker.CheckCanonical(CanonicalJson.Write(declared)).Study!));
        await using var site = await Site.StartAsync(Site.Line(entry), [entry]);

        var answer = await site.PostAsync("/v1/models/heart/score", new JsonObject { ["patient"] = "p", ["bundle"] = Bundle("p1") });
        var card = await CardAsync(site, new JsonObject { ["all"] = Bundle("p1") });

        Assert.InRange(answer["score"]!.GetValue<double>(), 0.03, 0.97);
        Assert.Equal(point, answer["operatingPoint"]?.GetValue<string>());
        Assert.Equal(indicator, card["indicator"]!.GetValue<string>());
        Assert.Contains(says, card["detail"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Card_without_a_score_says_why_and_is_no_error()
    {
        await using var site = await Site.StartAsync(Site.Line(s_entry), [s_entry]);
        Assert.Contains("no prefetch", (await CardAsync(site, null))["detail"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("one Patient", (await CardAsync(site, []))["detail"]!.GetValue<string>(), StringComparison.Ordinal);
        site.Services.GetRequiredService<ServingShelf>().Lines["heart"].Stop("ehr", "test");
        var card = await CardAsync(site, new JsonObject { ["all"] = Bundle("p1") });

        Assert.StartsWith("No score", card["summary"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("stopped", card["detail"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    private static async Task<JsonNode> CardAsync(Site site, JsonObject? prefetch)
    {
        var call = new JsonObject { ["hook"] = "patient-view", ["hookInstance"] = Guid.Empty.ToString(), ["context"] = new JsonObject { ["userId"] = "Practitioner/1", ["patientId"] = "ehr-id-7" } };
        if (prefetch is not null)
            call["prefetch"] = prefetch;
        return Assert.Single((await site.PostAsync("/cds-services/heart", call))["cards"]!.AsArray())!;
    }

    private static ImmutableArray<ClinicalRow> Offline()
    {
        using var export = new FhirExport();
        foreach (var type in new[] { "Patient", "Encounter", "Observation", "Condition" })
            export.With($"{type}.ndjson", [.. Resources().Where(resource => resource.Contains($"'resourceType':'{type}'", StringComparison.Ordinal))]);
        var store = new EventStore(new SimulatedDisk(1), () => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, new byte[32]), TimeProvider.System);
        store.Import(export.Source(), new ImportLimits(0), CancellationToken.None);
        var snapshot = store.Snapshot();
        return ClinicalCohort.Of(s_study.Data, new ClinicalSource(snapshot, new SiteConcepts(snapshot.Concepts, SiteMapping.Empty), new ClinicalClock(TimeZoneInfo.Utc)), _ => false, CancellationToken.None).Rows;
    }

    private static IEnumerable<string> Resources()
    {
        foreach (var (patient, number) in s_patients.Select((patient, i) => (patient, i + 1)))
        {
            yield return patient;
            for (var i = 1; i <= 3; i++)
            {
                yield return $"{{'resourceType':'Encounter','id':'e{number}{i}','status':'finished','class':{{'system':'urn:c','code':'AMB'}},'subject':{{'reference':'Patient/p{number}'}},'period':{{'start':'202{i}-01-01T08:00:00Z','end':'202{i}-01-01T09:00:00Z'}}}}";
                if (i > 1)
                    yield return $"{{'resourceType':'Observation','id':'o{number}{i}','status':'final','code':{{'coding':[{{'system':'http://loinc.org','code':'2160-0'}}]}},'subject':{{'reference':'Patient/p{number}'}},'effectiveDateTime':'202{i - 1}-12-0{number}T08:30:00.5Z','issued':'202{i - 1}-12-0{number}T10:00:00Z','valueQuantity':{{'value':{i}.1{number},'unit':'mg/dL','system':'http://unitsofmeasure.org','code':'mg/dL'}}}}";
            }
        }

        yield return "{'resourceType':'Condition','id':'c1','code':{'coding':[{'system':'http://snomed.info/sct','code':'44054006'}]},'subject':{'reference':'Patient/p1'},'recordedDate':'2022-06-01T00:00:00Z','onsetDateTime':'2022-06-01T00:00:00Z'}";
    }

    private static JsonObject Bundle(string patient) => new()
    {
        ["resourceType"] = "Bundle",
        ["type"] = "collection",
        ["entry"] = new JsonArray([.. Resources().Where(resource => resource.Contains($"'id':'{patient}'", StringComparison.Ordinal) || resource.Contains($"Patient/{patient}'", StringComparison.Ordinal))
            .Select(resource => new JsonObject { ["resource"] = JsonNode.Parse(resource.Replace('\'', '"')) })]),
    };

    // Constants of the protocol, so that no preparation is needed.
    private static Study Frozen(Study study) => study with { Data = study.Data with { Features = [.. study.Data.Features.Select(feature => feature.Type == FeatureType.Number ? feature with { Mean = 1, StandardDeviation = 2 } : feature)] } };
}
