using System.IO.Compression;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Cli.Demo.Splitting;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Cli.Demo;

public sealed class FhirSplitTests
{
    private const string Patients = """
        {"resourceType":"Patient","id":"p1"}
        {"resourceType":"Patient","id":"p2"}
        {"resourceType":"Patient","id":"p3"}
        {"resourceType":"Patient","id":"p4"}
        {"resourceType":"Patient","id":"p5"}
        """;

    private const string Encounters = """
        {"resourceType":"Encounter","id":"e1","subject":{"reference":"Patient/p1"},"serviceProvider":{"reference":"Organization/few"}}
        {"resourceType":"Encounter","id":"e2","subject":{"reference":"https://server/fhir/Patient/p1/_history/3"},"serviceProvider":{"reference":"Organization/most"}}
        {"resourceType":"Encounter","id":"e3","subject":{"reference":"Patient/p1"},"serviceProvider":{"display":"a name before","reference":"Organization/most"}}
        {"resourceType":"Encounter","id":"e4","subject":{"reference":"Patient/p2"},"serviceProvider":{"reference":"Organization/few"}}
        {"resourceType":"Encounter","id":"e5","subject":{"reference":"Patient/p2"},"serviceProvider":{"reference":"Organization/most"}}
        {"resourceType":"Encounter","id":"e6","subject":{"reference":"Patient/p4"},"serviceProvider":{"reference":"Organization/few-1"}}
        {"resourceType":"Encounter","id":"e7","subject":{"reference":"Patient/p5"},"serviceProvider":{"reference":"Organization/few-3"}}
        """;

    private const string Observations = """
        {"resourceType":"Observation","id":"o1","code":{"coding":[{"code":"x"}]},"subject":{"reference":"Patient/p1"}}
        {"resourceType":"Observation","id":"o2","subject":{"type":"Patient","reference":"urn:uuid:p2"}}
        {"resourceType":"Observation","id":"o3","subject":{"reference":"Patient/p3"},"serviceProvider":{"reference":"Organization/most"}}

        {"resourceType":"Observation","id":"o4","subject":{"reference":"Patient/nobody"}}
        {"resourceType":"Observation","id":"o5","subject":{"reference":"Group/g"}}
        {"resourceType":"Observation","id":"o6
        """;

    [Theory]
    [InlineData("")]
    [InlineData(".gz")]
    public void Split_puts_everything_of_a_patient_at_the_site_of_the_organisation_with_most_encounters(string ending)
    {
        using var folder = new TemporaryFolder();
        var (from, sites) = Folders(folder);
        Write(Path.Combine(from, "Patient.ndjson" + ending), Patients);
        Write(Path.Combine(from, "Encounter.000.ndjson" + ending), Encounters);
        Write(Path.Combine(from, "Observation.ndjson" + ending), Observations);
        Write(Path.Combine(from, "Organization.ndjson" + ending), """{"resourceType":"Organization","id":"most"}""");
        var few = SiteHash.Of("few", sites.Length);
        Assert.Equal([0, 1, 2, 3], ((string[])["few-1", "few-3", "few", "most"]).Select(organisation => SiteHash.Of(organisation, sites.Length)));

        var split = FhirSplit.Run(from, sites, TestContext.Current.CancellationToken);

        int At(string text) => Array.FindIndex(sites, site => Directory.GetFiles(site).Any(file => Lines(file).Any(line => line.Contains(text, StringComparison.Ordinal))));
        Assert.All(["\"id\":\"p1\"", "\"e1\"", "\"e2\"", "\"e3\"", "\"o1\""], text => Assert.Equal(SiteHash.Of("most", 4), At(text)));
        Assert.All(["\"id\":\"p2\"", "\"e4\"", "\"e5\"", "\"o2\""], text => Assert.Equal(few, At(text))); // a tie: few is ordinally before most
        Assert.All(["\"id\":\"p3\"", "\"o3\""], text => Assert.Equal(SiteHash.Of("p3", 4), At(text)));
        Assert.Equal(SiteHash.Of("nobody", 4), At("\"o4\""));
        Assert.Equal(-1, At("\"o5\""));
        Assert.Equal(0, At("\"o6")); // no resource: its site's import counts it
        Assert.Equal((true, 5, 2, 1, 1), (split.ByOrganisation, split.Patients, split.SeenElsewhere, split.Shared, split.LeftOut));
        Assert.Equal(17, split.Records.Sum());
        Assert.Equal(split.Records.Select(records => records + 1), sites.Select(site => Directory.GetFiles(site).Sum(file => (long)Lines(file).Count)));
        Assert.All(sites, site => Assert.Equal(Names(from), Names(site)));
    }

    [Fact]
    public async Task Split_of_one_hospitals_export_is_by_patient_and_loses_and_doubles_no_line()
    {
        using var folder = new TemporaryFolder();
        var (_, sites) = Folders(folder);
        Assert.Equal(0, (await CommandRun.FcmlAsync("synth", "--sites", "1", "--patients", "40", "--out", folder.Of("made"))).Code);
        var from = Path.Combine(folder.Of("made"), "site-1", "data");

        var split = FhirSplit.Run(from, sites, TestContext.Current.CancellationToken);

        Assert.Equal((0, 40, false), (split.LeftOut, split.Patients, split.ByOrganisation));
        Assert.All(split.Records, records => Assert.NotEqual(0, records));
        foreach (var name in Names(from).Where(name => name != "Organization.ndjson"))
            Assert.Equal(Lines(Path.Combine(from, name)).Order(StringComparer.Ordinal), sites.SelectMany(site => Lines(Path.Combine(site, name))).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Split_of_a_compressed_file_that_breaks_off_is_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        var (from, sites) = Folders(folder);
        var path = Path.Combine(from, "Encounter.ndjson.gz");
        Write(path, Encounters);
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^20]);

        var fault = Assert.Throws<CliException>(() => FhirSplit.Run(from, sites, TestContext.Current.CancellationToken));

        Assert.Equal(ExitCode.InvalidInput, fault.Code);
        Assert.Contains(path, fault.Message, StringComparison.Ordinal);
    }

    private static (string From, string[] Sites) Folders(TemporaryFolder folder) =>
        (Directory.CreateDirectory(folder.Of("export")).FullName, [.. Enumerable.Range(1, 4).Select(site => Directory.CreateDirectory(folder.Of($"site-{site}")).FullName)]);

    private static IEnumerable<string> Names(string folder) => Directory.GetFiles(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

    private static void Write(string path, string text)
    {
        using var file = File.Create(path);
        using Stream stream = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest) : file;
        stream.Write(System.Text.Encoding.UTF8.GetBytes(text));
    }

    private static List<string> Lines(string path)
    {
        using var file = File.OpenRead(path);
        using Stream stream = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = new StreamReader(stream);
        var lines = new List<string>();
        while (reader.ReadLine() is { } line)
            lines.Add(line);
        return lines;
    }
}
