using FederatedClinicalMl.Cli;
using Spectre.Console;

namespace FederatedClinicalMl.Tests.Cli.CommandLine;

public sealed class TerminalTests
{
    [Theory]
    [InlineData("You are [bold]urn:fcml:person:ada[/] at https://[[::1]]:8443/", "You are urn:fcml:person:ada at https://[::1]:8443/")]
    [InlineData("[yellow]a [red]:warning: b[/] c[/]", "a :warning: b c")]
    public void Say_shows_text_as_it_is_whatever_stands_between_colons(string markup, string text)
    {
        using var shown = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(shown) });
        new Terminal(json: false, TextWriter.Null, TextWriter.Null, console).Say(markup);
        Assert.Equal(text + Environment.NewLine, shown.ToString());
    }
}
