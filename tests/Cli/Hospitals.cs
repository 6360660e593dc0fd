using System.Globalization;

namespace FederatedClinicalMl.Tests.Cli;

/// <summary>A small study and the files of its sites, made up anew for each test: nobody's data.</summary>
internal sealed class Hospitals : IDisposable
{
    private static readonly string[] Names = ["north", "south", "west"];

    /// <summary>Writes the study and each site's file.</summary>
    /// <param name="evaluation">The study's keys of the evaluation.</param>
    public Hospitals(string evaluation = "{every: 1}")
    {
        Root = Directory.CreateTempSubdirectory("fcml-hospitals-").FullName;
        Study = Path.Combine(Root, "study.yaml");
        Data = Path.Combine(Root, "data");
        Directory.CreateDirectory(Data);
        File.WriteAllText(Study, $$"""
            protocol: 1
            name: small-study
            title: Two attributes of nobody
            purpose: A test of this software.
            ethics: Made-up data; no approval needed
            data:
              dataset: small
              features:
                - {name: age, unit: a, range: [18, 110], missing: mean}
                - {name: sex, range: [0, 1], missing: mean}
              label: {name: ill, above: 0}
              split: {test: 0.3, seed: 1}
            model:
              kind: logistic-regression
            training:
              optimizer: sgd
              learning-rate: 0.1
              batch-size: 16
              local-epochs: 1
              seed: 1
            federation:
              strategy: fedavg
              rounds: 3
              sites: [north, south, west]
              aggregation: plain
              quorum: 2
              deadline: 10m
              attempts: 2
            evaluation: {{evaluation}}
            """);
        foreach (var (index, name) in Names.Index())
            File.WriteAllLines(FileOf(name), Rows(index));
    }

    public string Root { get; }

    public string Study { get; }

    public string Data { get; }

    public string FileOf(string site) => Path.Combine(Data, $"{site}.csv");

    public void Dispose() => Directory.Delete(Root, recursive: true);

    // Fixed arithmetic instead of a generator: the same rows on every machine and in every version.
    private static IEnumerable<string> Rows(int hospital)
    {
        yield return "age,sex,ill";
        for (var row = 0; row < 60 + (10 * hospital); row++)
        {
            var age = 30 + (((row * 37) + (hospital * 11)) % 50);
            var sex = (row * 7 / 3) % 2;
            var ill = age + (15 * sex) + ((row * 13) % 17) > 68 ? 1 : 0;
            yield return string.Create(CultureInfo.InvariantCulture, $"{age},{sex},{ill}");
        }
    }
}
