using System.Text.Json;
using System.Text.RegularExpressions;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Tests.ClinicalData;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Import;

public sealed class ImportTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    private const int Refused = 1, Unreachable = 3, NotSetUp = 4;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("cdm53", "5.3")]
    [InlineData("cdm54", "5.4")]
    public async Task What_is_handed_over_says_the_same_as_the_files_from_which_the_database_was_filled(string fixture, string version)
    {
        using var import = await LoadAsync($"same_{fixture}", ImportRun.Fixture(fixture), _ => "text");

        var ended = await import.RunAsync();

        Assert.Equal("", ended.Error);
        Assert.Equal(0, ended.Code);
        Assert.Contains($"OMOP CDM {version} in postgres on localhost:{server.Port}", ended.Output, StringComparison.Ordinal);
        Assert.Contains("condition_occurrence.csv.gz: 8 rows", ended.Output, StringComparison.Ordinal);
        AssertEqual(ImportRun.Events(ImportRun.Fixture(fixture)), ImportRun.Events(import.Out));
    }

    [Fact]
    public async Task Columns_of_the_models_types_are_read_as_the_text_they_came_from_whatever_the_servers_settings()
    {
        using var clean = CleanFixture();
        using var import = await LoadAsync("typed", clean.Path, TypeOf);

        Assert.Equal(0, (await import.RunAsync()).Code);

        AssertEqual(ImportRun.Events(clean.Path), ImportRun.Events(import.Out));
    }

    [Fact]
    public async Task Events_before_a_day_stay_in_the_database_but_not_the_visits_in_which_later_ones_happened()
    {
        using var clean = CleanFixture();
        using var import = await LoadAsync("recent", clean.Path, TypeOf);

        var ended = await import.With("since", "2020-01-13").RunAsync("run", "--json");

        var handed = JsonDocument.Parse(ended.Output).RootElement;
        Assert.Equal("2020-01-13", handed.GetProperty("since").GetString());
        var rows = handed.GetProperty("tables").EnumerateArray().ToDictionary(table => table.GetProperty("file").GetString()!, table => table.GetProperty("rows").GetInt64());
        Assert.Equal(7, rows["condition_occurrence.csv.gz"]); // one of 2020-01-11
        Assert.Equal(1, rows["procedure_occurrence.csv.gz"]);
        Assert.Equal(1, rows["drug_exposure.csv.gz"]); // two of 2020-01-12
        Assert.Equal(8, rows["visit_occurrence.csv.gz"]); // the first began on 2020-01-10 and ended on 2020-01-15
    }

    [Fact]
    public async Task Only_the_tables_that_are_named_and_the_columns_that_are_read_leave_the_database()
    {
        using var import = await LoadAsync("few", ImportRun.Fixture("cdm54"), _ => "text");

        Assert.Equal(0, (await import.With("tables", "[visit_occurrence, observation]").RunAsync()).Code);

        var copy = Path.Join(import.Out, OmopHandover.Read(import.Out)!.Copy);
        Assert.Equal(
            ["cdm_source.csv.gz", "concept.csv.gz", "observation.csv.gz", "person.csv.gz", "visit_occurrence.csv.gz"],
            Directory.EnumerateFiles(copy).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal));
        using var gzip = new System.IO.Compression.GZipStream(File.OpenRead(Path.Join(copy, "observation.csv.gz")), System.IO.Compression.CompressionMode.Decompress);
        var text = await new StreamReader(gzip).ReadToEndAsync(Cancel);
        Assert.StartsWith("observation_id,person_id,visit_occurrence_id,observation_concept_id,", text, StringComparison.Ordinal);
        Assert.DoesNotContain("a free text that is not kept", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_that_fails_half_way_leaves_what_was_handed_over_before()
    {
        using var import = await LoadAsync("half", ImportRun.Fixture("cdm54"), _ => "text");
        Assert.Equal(0, (await import.RunAsync()).Code);
        var before = OmopHandover.Read(import.Out)!.Copy;
        await server.ExecuteAsync("ALTER TABLE half.measurement RENAME TO m; CREATE VIEW half.measurement AS SELECT m.* FROM half.m JOIN half.person p ON p.person_source_value::int > 0");

        var ended = await import.RunAsync();

        Assert.Equal(Refused, ended.Code);
        Assert.Contains("The table measurement: the database refuses with SQLSTATE 22P02", ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("P-", ended.Error, StringComparison.Ordinal); // the server quotes the value
        Assert.Equal(before, OmopHandover.Read(import.Out)!.Copy);
        AssertEqual(ImportRun.Events(ImportRun.Fixture("cdm54")), ImportRun.Events(import.Out));
        await server.ExecuteAsync("DROP VIEW half.measurement; ALTER TABLE half.m RENAME TO measurement");
        Assert.Equal(0, (await import.RunAsync()).Code);
        Assert.Equal(2, Directory.GetDirectories(import.Out).Length); // the copy that holds and the one before it; what was half is gone
    }

    [Fact]
    public async Task Copy_that_was_changed_since_is_refused_by_its_reader()
    {
        using var import = await LoadAsync("changed", ImportRun.Fixture("cdm54"), _ => "text");
        Assert.Equal(0, (await import.RunAsync()).Code);
        var file = Path.Join(import.Out, OmopHandover.Read(import.Out)!.Copy, "person.csv.gz");
        var bytes = await File.ReadAllBytesAsync(file, Cancel);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(file, bytes, Cancel);

        Assert.Contains("is not as site-import left it", Assert.Throws<DatasetException>(() => ImportRun.Events(import.Out)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_names_at_once_what_is_missing()
    {
        using var import = await LoadAsync("lacking", ImportRun.Fixture("cdm54"), _ => "text");
        await server.ExecuteAsync("DROP TABLE lacking.death; ALTER TABLE lacking.procedure_occurrence DROP COLUMN procedure_end_date; DROP TABLE lacking.concept");

        var refused = await import.RunAsync("check");

        Assert.Equal(Refused, refused.Code);
        Assert.Contains("no OMOP CDM 5.4, or the user 'steward' may not read all of it. Missing: concept, procedure_occurrence.procedure_end_date.", refused.Error, StringComparison.Ordinal);
        await server.ExecuteAsync("CREATE TABLE lacking.concept (CONCEPT_ID int, \"Vocabulary_ID\" text, concept_code text)");
        var older = await import.With("cdm-version", "\"5.3\"").RunAsync("check");
        Assert.Equal(0, older.Code);
        Assert.Contains("There is no table death", older.Output, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(import.Out));
    }

    [Theory]
    [InlineData("UPDATE unsaid_0.cdm_source SET cdm_version = '6.0'", "cdm_source does not say in cdm_version")]
    [InlineData("DROP TABLE unsaid_1.cdm_source", "has no table cdm_source")]
    public async Task Version_that_is_not_said_is_refused_and_not_guessed(string sql, string message)
    {
        using var import = await LoadAsync(sql.Contains("unsaid_0", StringComparison.Ordinal) ? "unsaid_0" : "unsaid_1", ImportRun.Fixture("cdm54"), _ => "text");
        await server.ExecuteAsync(sql);

        var ended = await import.RunAsync("check");

        Assert.Equal(Refused, ended.Code);
        Assert.Contains(message, ended.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("user", "nobody-there", "refuses the password of the user 'nobody-there'")]
    [InlineData("database", "nowhere", "has no database 'nowhere'")]
    [InlineData("port", "1", "cannot be reached (ConnectionRefused)")]
    [InlineData("host", "127.0.0.1", "could not prove who it is by TLS (VerifyFull)")]
    [InlineData("tls-ca", null, "could not prove who it is by TLS (VerifyFull)")]
    [InlineData("password-file", null, "asks for a password and has been given none")]
    public async Task Way_to_the_database_that_does_not_hold_is_named(string key, string? value, string message)
    {
        server.Require();
        using var import = new ImportRun(server, "public");

        var ended = await import.With(key, value).RunAsync("check");

        Assert.Contains(message, ended.Error, StringComparison.Ordinal);
        Assert.Equal(Unreachable, ended.Code);
    }

    [Fact]
    public async Task Tables_that_the_user_may_not_read_are_missing()
    {
        using var import = await LoadAsync("closed", ImportRun.Fixture("cdm54"), _ => "text");
        await server.ExecuteAsync($"CREATE ROLE reader LOGIN PASSWORD '{PostgresServer.Password.Replace("'", "''", StringComparison.Ordinal)}'; GRANT USAGE ON SCHEMA closed TO reader; GRANT SELECT ON closed.cdm_source, closed.concept TO reader");

        var ended = await import.With("user", "reader").RunAsync("check");

        Assert.Equal(Refused, ended.Code);
        Assert.Contains("the user 'reader' may not read all of it. Missing: person.", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Second_import_at_the_same_time_is_refused_and_an_interrupted_one_hands_nothing_over()
    {
        using var import = await LoadAsync("locked", ImportRun.Fixture("cdm54"), _ => "text");
        using var waits = await server.HoldAsync("LOCK TABLE locked.person");
        using var first = Programs.Start(Programs.Import, "run", "--config", import.Config);
        await waits.UntilSomebodyWaitsAsync();

        var second = await import.RunAsync();
        await Programs.SucceedAsync("kill", "-TERM", $"{first.Id}");
        await first.WaitForExitAsync(Cancel);

        Assert.Equal(Refused, second.Code);
        Assert.Contains("is under way", second.Error, StringComparison.Ordinal);
        Assert.Equal(130, first.ExitCode);
        Assert.Null(OmopHandover.Read(import.Out));
    }

    [Fact]
    public async Task Password_and_folder_that_others_can_read_are_refused()
    {
        server.Require();
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        using var import = new ImportRun(server, "public");
        await Programs.SucceedAsync("chmod", "0755", import.Out);

        var folder = await import.RunAsync();
        await Programs.SucceedAsync("chmod", "0644", import.PasswordFile);
        var password = await import.RunAsync("check");

        Assert.Equal((NotSetUp, NotSetUp), (folder.Code, password.Code));
        Assert.Contains("Run: chmod 2750", folder.Error, StringComparison.Ordinal);
        Assert.Contains("Run: chmod 600", password.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_without_network_imports_what_was_handed_over_and_an_import_there_reaches_nothing()
    {
        using var import = await LoadAsync("apart", ImportRun.Fixture("cdm54"), _ => "text");
        if (!Programs.IsRoot || !File.Exists("/usr/bin/unshare"))
            Assert.Skip("Making a network namespace needs root and util-linux's unshare.");
        using var home = new TemporaryFolder();
        await Programs.SucceedAsync(Programs.Worker, "init", "--data", home.Of("worker"), "--site", "cleveland");
        await File.WriteAllTextAsync(home.Of("worker/datasets.yaml"), $"datasets:\n  ehr: {{path: '{import.Out}', format: omop, time-zone: Europe/Berlin}}\n", Cancel);
        var policy = Regex.Replace(FederatedClinicalMl.SiteAgent.Worker.PolicyReader.Default, "(?m)^( *maximum-faulty-rows:).*$", "$1 0.5"); // the fixture has more faults than any hospital's
        await File.WriteAllTextAsync(home.Of("worker/policy.yaml"), policy, Cancel);

        Assert.Equal(0, (await import.RunAsync()).Code);
        Assert.Equal(Unreachable, (await Programs.RunAsync("/usr/bin/unshare", "--net", Programs.Import, "check", "--config", import.Config)).Code);
        using var worker = Programs.Start("/usr/bin/unshare", "--net", Programs.Worker, "run", "--data", home.Of("worker"), "--exchange", home.Of("exchange"), "--json");
        try
        {
            var ready = await worker.StandardOutput.ReadLineAsync(Cancel);
            var imported = await Programs.RunAsync(Programs.Worker, "data", "import", "ehr", "--data", home.Of("worker"));

            Assert.True(ready is not null, "The worker ended.");
            Assert.Contains("ehr import 1", imported.Output + imported.Error, StringComparison.Ordinal);
            Assert.Equal(0, imported.Code);
        }
        finally
        {
            worker.Kill();
            await worker.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static void AssertEqual(RecordingSink expected, RecordingSink actual)
    {
        Assert.Equal(expected.Events, actual.Events);
        Assert.Equal(expected.Concepts, actual.Concepts);
        Assert.Equal(expected.Added.Select(added => added.Record.Key), actual.Added.Select(added => added.Record.Key));
        Assert.Equal(
            expected.Refused.Select(fault => (fault.File + ".gz", fault.Line, fault.Fault, fault.Element)),
            actual.Refused.Select(fault => (fault.File, fault.Line, fault.Fault, fault.Element)));
    }

    // The fixture without what a database of the model's types could not hold.
    private static TemporaryFolder CleanFixture()
    {
        var clean = new TemporaryFolder();
        foreach (var file in Directory.EnumerateFiles(ImportRun.Fixture("cdm54")))
        {
            File.WriteAllText(
                clean.Of(Path.GetFileName(file)),
                File.ReadAllText(file).Replace("01.07.2020", "2020-07-01", StringComparison.Ordinal).Replace("x506", "506", StringComparison.Ordinal)
                    .Replace("\"1,5\"", "1.5", StringComparison.Ordinal).Replace("00Z,", "00,", StringComparison.Ordinal).Replace("NULL,", "9999,", StringComparison.Ordinal));
        }

        return clean;
    }

    private static string TypeOf(string column) =>
        column.EndsWith("vocabulary_id", StringComparison.Ordinal) || column is "domain_id" or "concept_class_id" ? "varchar(20)"
        : column.EndsWith("_id", StringComparison.Ordinal) || column.EndsWith("_of_birth", StringComparison.Ordinal) ? "bigint"
        : column.EndsWith("_date", StringComparison.Ordinal) ? "date"
        : column.EndsWith("_datetime", StringComparison.Ordinal) ? "timestamp"
        : column == "value_as_number" ? "numeric"
        : "text";

    private async Task<ImportRun> LoadAsync(string schema, string folder, Func<string, string> type)
    {
        server.Require();
        await server.LoadAsync(schema, folder, type);
        return new ImportRun(server, schema);
    }
}
