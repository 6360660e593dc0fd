using System.Globalization;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.SiteAgent.Scoring;

namespace FederatedClinicalMl.Tests.Scoring;

public sealed class BatchTests
{
    private static readonly Entry s_first = Models.Entry(1);
    private static readonly Entry s_second = Models.Entry(2);

    [Fact]
    public async Task Batch_gives_each_patient_the_score_and_version_that_a_call_gives()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first, candidate: s_second, mode: RolloutMode.Canary, percent: 50), [s_first, s_second]);
        var rows = Enumerable.Range(0, 5000).Select(i => (Patient: $"p{i}", Age: 20 + (i % 80), Pressure: i % 7 == 0 ? "" : i % 11 == 0 ? "?" : "140.5", Pain: 1 + (i % 4))).ToList();
        var (input, output) = (Path.Join(site.Folder.Root, "in.csv"), Path.Join(site.Folder.Root, "out.csv"));
        File.WriteAllLines(input, ["pain,other,patient,age,pressure", .. rows.Select(row => string.Create(CultureInfo.InvariantCulture, $"{row.Pain},\"x, y\",{row.Patient},{row.Age},{row.Pressure}"))]);

        Assert.Equal(0, await CommandLine.RunAsync(["batch", "heart", "--in", input, "--out", output, "--missing", "?", "--data", site.Folder.Root]));

        var lines = File.ReadAllLines(output);
        Assert.Equal("patient,score,version", lines[0]);
        Assert.Equal(rows.Count + 1, lines.Length);
        for (var i = 0; i < rows.Count; i++)
        {
            var fields = lines[i + 1].Split(',');
            var isCanary = RolloutShare.Holds("heart", s_second.Model, rows[i].Patient, 50);
            var expected = (isCanary ? s_second : s_first).Expected(rows[i].Age, rows[i].Pressure is "" or "?" ? double.NaN : 140.5, rows[i].Pain);
            Assert.Equal(rows[i].Patient, fields[0]);
            Assert.Equal(expected is null ? "" : isCanary ? "3.0.0" : "2.0.0", fields[2]);
            if (expected is { } score)
                Assert.Equal(score, double.Parse(fields[1], CultureInfo.InvariantCulture), 1e-6);
        }
    }

    [Theory]
    [InlineData("patient,age,pressure\np1,1,2\n", "in.csv:1", "one column 'pain'")]
    [InlineData("patient,age,pressure,pain\np1,1,2\n", "in.csv:2", "3 fields")]
    [InlineData("patient,age,pressure,pain\np1,secret,2,3\n", "in.csv:2", "age must hold a number")]
    [InlineData("patient,age,pressure,pain\n,1,2,3\n", "in.csv:2", "patient must have")]
    [InlineData("patient,age,pressure,pain\n\"secret,1,2,3\n", "in.csv:2", "does not end")]
    [InlineData("", "in.csv:0", "empty")]
    public async Task Batch_of_a_file_with_a_fault_says_where_without_a_value_and_writes_nothing(string text, string where, string says)
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        var scorer = new BatchScorer(Microsoft.Extensions.DependencyInjection.ServiceProviderServiceExtensions.GetRequiredService<ServingShelf>(site.Services).Lines["heart"], []);
        using var output = new MemoryStream();
        var fault = Assert.Throws<ScoringSetupException>(() => scorer.Score(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text)), "in.csv", "patient", output)).Message;

        Assert.StartsWith(where, fault, StringComparison.Ordinal);
        Assert.Contains(says, fault, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", fault, StringComparison.Ordinal);
        Assert.Equal(0, output.Length);
    }

    [Fact]
    public async Task Batch_leaves_wishes_to_resume_and_withdrawals_to_the_program()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first, s_second), [s_first, s_second]);
        Assert.Equal(0, await CommandLine.RunAsync(["stop", "heart", "--reason", "maintenance", "--data", site.Folder.Root]));
        site.Look();
        Assert.Equal(0, await CommandLine.RunAsync(["resume", "heart", "--data", site.Folder.Root]));
        Assert.Equal(1, await BatchAsync(site));
        Assert.NotNull(site.WithdrawalOf(s_first));
        site.Look();
        Assert.Null(site.WithdrawalOf(s_first));

        site.Put(s_first, changed: ModelFileNames.Onnx);
        Assert.Equal(0, await BatchAsync(site));
        Assert.Contains(",1.0.0", File.ReadAllLines(Path.Join(site.Folder.Root, "out.csv"))[1], StringComparison.Ordinal);
        Assert.Null(site.WithdrawalOf(s_first));
        Assert.Equal("2.0.0", (await site.ScoreAsync("p1"))["version"]!.GetValue<string>());
    }

    [Fact]
    public async Task Batch_of_a_line_that_is_stopped_is_refused()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first, stopped: "not now"), [s_first]);
        Assert.Equal(1, await CommandLine.RunAsync(["batch", "heart", "--in", site.Folder.Configuration, "--out", Path.Join(site.Folder.Root, "out.csv"), "--data", site.Folder.Root]));
        Assert.False(File.Exists(Path.Join(site.Folder.Root, "out.csv")));
    }

    private static async Task<int> BatchAsync(Site site)
    {
        var input = Path.Join(site.Folder.Root, "in.csv");
        await File.WriteAllTextAsync(input, "patient,age,pressure,pain\np1,60,140,2\n", Site.Stop);
        return await CommandLine.RunAsync(["batch", "heart", "--in", input, "--out", Path.Join(site.Folder.Root, "out.csv"), "--data", site.Folder.Root]);
    }
}
