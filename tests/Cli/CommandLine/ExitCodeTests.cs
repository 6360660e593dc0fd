using System.ComponentModel;
using System.Reflection;
using System.Runtime.CompilerServices;
using FederatedClinicalMl.Cli;

namespace FederatedClinicalMl.Tests.Cli.CommandLine;

public sealed class ExitCodeTests
{
    [Fact]
    public void Exit_codes_are_those_of_the_page()
    {
        var page = File.ReadAllLines(Path.Combine(Path.GetDirectoryName(Here())!, "../../../docs/reference/exit-codes.md"));

        Assert.Equal(
            Enum.GetValues<ExitCode>().Select(code =>
                $"| {(int)code} | {typeof(ExitCode).GetField(code.ToString())!.GetCustomAttribute<DescriptionAttribute>()!.Description} |"),
            page.Where(line => line.StartsWith("| ", StringComparison.Ordinal) && char.IsAsciiDigit(line[2])));
    }

    private static string Here([CallerFilePath] string file = "") => file;
}
