// The part of After Effects' object model that a script of stylize may use; any other access is an error.
// stacks: the layers of each comp by its name, from top to bottom; layers, markers: of all comps.
var log = {imports: [], layers: [], markers: [], comps: [], stacks: {}, undo: []};

function guard(object, name) {
    // Writing to a property that After Effects does not have would go unnoticed, so all writable properties are listed.
    return Object.seal(object);
}

// A path with percent signs is in URI notation; they escape bytes of UTF-8.
function File(path) {
    path = path.replace(/(%[0-9A-Fa-f]{2})+/g, decodeURIComponent);
    this.path = path;
    this.exists = existing.indexOf(path) >= 0;
    this.fsName = path;
    this.parent = {fsName: path.replace(/\/[^\/]*$/, "")};
}

// ExtendScript allows File to be called without new.
var makeFile = File;
File = function (path) { return new makeFile(path); };

var $ = {fileName: scriptPath};
var AlphaMode = {IGNORE: "ignore", STRAIGHT: "straight", PREMULTIPLIED: "premultiplied"};

function ImportOptions(file) {
    this.file = file;
    this.sequence = false;
    this.forceAlphabetical = true;
    Object.seal(this);
}

function MarkerValue(comment) {
    this.comment = comment;
}

function Layer(item) {
    this.item = item;
    this.name = item.name;
    this.startTime = 0;
    this.inPoint = 0;
    this.outPoint = 0;
    this.enabled = true;
    Object.seal(this);
}

var app = {
    beginUndoGroup: function (name) { log.undo.push("begin " + name); },
    endUndoGroup: function () { log.undo.push("end"); },
    project: {
        importFile: function (options) {
            // Number of frames of each, as set by the test, at the rate that they are conformed to.
            var item = guard({
                name: options.file.path, pixelAspect: 1,
                get duration() { return (frameCounts[options.file.path] || 0) / item.mainSource.conformFrameRate; },
                mainSource: guard({
                    conformFrameRate: 0, hasAlpha: withAlpha, alphaMode: "guessed", premulColor: [1, 1, 1]
                })
            });
            log.imports.push({file: options.file.path, sequence: options.sequence, alphabetical: options.forceAlphabetical,
                              item: item});
            return item;
        },
        items: {
            addComp: function (name, width, height, aspect, duration, rate) {
                var comp = guard({
                    name: name, width: width, height: height, pixelAspect: aspect, duration: duration, frameRate: rate,
                    displayStartTime: 0, dropFrame: true, opened: false,
                    layers: {add: function (item) {
                        var layer = new Layer(item);
                        // A new layer is placed above all others.
                        log.layers.unshift(layer);
                        log.stacks[name].unshift(layer);
                        return layer;
                    }},
                    markerProperty: {setValueAtTime: function (time, value) {
                        log.markers.push({time: time, comment: value.comment});
                    }},
                    openInViewer: function () { this.opened = true; }
                });
                log.comps.push(comp);
                log.stacks[name] = [];
                return comp;
            }
        }
    }
};
