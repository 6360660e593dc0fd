using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace FederatedClinicalMl.Coordinator.Dashboard.Charts;

/// <summary>A text in a picture. (Razor keeps the element's name for itself.)</summary>
public sealed class Label : ComponentBase
{
    /// <summary>Where.</summary>
    [Parameter, EditorRequired]
    public double X { get; set; }

    /// <summary>Where its base line is.</summary>
    [Parameter, EditorRequired]
    public double Y { get; set; }

    /// <summary>What of it is at <see cref="X"/>: start, middle or end.</summary>
    [Parameter]
    public string Anchor { get; set; } = "middle";

    /// <summary>Whether it is read from below to above.</summary>
    [Parameter]
    public bool IsUpright { get; set; }

    /// <summary>Whether it names something, and is to be seen before what measures.</summary>
    [Parameter]
    public bool IsName { get; set; }

    /// <summary>The text.</summary>
    [Parameter, EditorRequired]
    public string Text { get; set; } = "";

    /// <inheritdoc/>
    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.OpenElement(0, "text");
        builder.AddAttribute(1, "x", Axis.Text(X));
        builder.AddAttribute(2, "y", Axis.Text(Y));
        builder.AddAttribute(3, "text-anchor", Anchor);
        if (IsUpright)
            builder.AddAttribute(4, "transform", $"rotate(-90 {Axis.Text(X)} {Axis.Text(Y)})");
        if (IsName)
            builder.AddAttribute(5, "class", "name");
        builder.AddContent(6, Text);
        builder.CloseElement();
    }
}
